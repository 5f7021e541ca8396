//! Charts: size against time, both in logarithms, a line for each side.

use std::error::Error;

use plotters::prelude::*;

use crate::row::Row;

const COLORS: [RGBColor; 6] = [
    RGBColor(31, 119, 180),
    RGBColor(214, 39, 40),
    RGBColor(44, 160, 44),
    RGBColor(255, 127, 14),
    RGBColor(148, 103, 189),
    RGBColor(90, 90, 90),
];

/// Draws rows of one name as SVG; nothing where there are not two sizes.
///
/// # Errors
///
/// If the chart cannot be drawn.
pub fn draw(name: &str, rows: &[&Row]) -> Result<Option<String>, Box<dyn Error>> {
    let scale = match rows.first().map(|row| row.unit.as_str()) {
        Some("ns") => 1e6,
        Some("bytes") => 1e6,
        _ => 1.0,
    };
    let sizes: Vec<f64> = rows.iter().map(|row| row.size).filter(|size| *size > 0.0).collect();
    let figures: Vec<f64> = rows.iter().map(|row| row.times.median / scale).filter(|figure| *figure > 0.0).collect();
    let (Some(small), Some(large)) = (least(&sizes), most(&sizes)) else { return Ok(None) };
    let (Some(low), Some(high)) = (least(&figures), most(&figures)) else { return Ok(None) };
    if small >= large {
        return Ok(None);
    }
    let (of, unit) = rows.first().map_or(("", ""), |row| (row.of.as_str(), row.unit.as_str()));
    let unit = match unit {
        "ns" => "milliseconds",
        "bytes" => "megabytes",
        other => other,
    };
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (960, 440)).into_drawing_area();
        area.fill(&WHITE)?;
        // The names of the sides stand beside the curves, not over them.
        let (area, names) = area.split_horizontally(700);
        let mut chart = ChartBuilder::on(&area)
            .caption(name, ("sans-serif", 20))
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(80)
            .build_cartesian_2d(((small * 0.8)..(large * 1.3)).log_scale(), ((low * 0.5)..(high * 2.0)).log_scale())?;
        chart
            .configure_mesh()
            .x_desc(of)
            .y_desc(unit)
            .x_label_formatter(&label)
            .y_label_formatter(&label)
            .label_style(("sans-serif", 13))
            .draw()?;
        let mut sides: Vec<&str> = Vec::new();
        for row in rows {
            if !sides.contains(&row.who.as_str()) {
                sides.push(&row.who);
            }
        }
        let named: Vec<(&str, RGBColor)> = sides.into_iter().zip(COLORS.into_iter().cycle()).collect();
        for &(who, color) in &named {
            let own = rows.iter().filter(|row| row.who == who && row.size > 0.0 && row.times.median > 0.0);
            let own = own.filter(|row| !row.cut_off);
            let points: Vec<(f64, f64)> = own.map(|row| (row.size, row.times.median / scale)).collect();
            chart.draw_series(LineSeries::new(points.clone(), color.stroke_width(2)))?;
            chart.draw_series(points.into_iter().map(|point| Circle::new(point, 3, color.filled())))?;
            // What was cut off would stand higher.
            let cut = rows.iter().filter(|row| row.who == who && row.cut_off && row.size > 0.0);
            let cut = cut.map(|row| (row.size, row.times.median / scale));
            chart.draw_series(cut.map(|point| TriangleMarker::new(point, 6, color.filled())))?;
        }
        for (line, (who, color)) in named.iter().enumerate() {
            let y = 60 + 22 * line as i32;
            names.draw(&Circle::new((10, y), 5, color.filled()))?;
            names.draw(&Text::new(*who, (22, y - 7), ("sans-serif", 13)))?;
        }
        if rows.iter().any(|row| row.cut_off) {
            let y = 60 + 22 * named.len() as i32;
            names.draw(&TriangleMarker::new((10, y), 6, BLACK.filled()))?;
            names.draw(&Text::new("cut off there", (22, y - 7), ("sans-serif", 13)))?;
        }
        area.present()?;
    }
    Ok(Some(text))
}

/// A number beside an axis: those that begin with 1, 2 or 5, so that none stands in another.
fn label(number: &f64) -> String {
    let leading = number / 10_f64.powf(number.log10().floor());
    if [1.0, 2.0, 5.0, 10.0].iter().any(|wanted| (leading - wanted).abs() < 0.01) {
        number.to_string()
    } else {
        String::new()
    }
}

fn least(figures: &[f64]) -> Option<f64> {
    figures.iter().copied().min_by(f64::total_cmp)
}

fn most(figures: &[f64]) -> Option<f64> {
    figures.iter().copied().max_by(f64::total_cmp)
}
