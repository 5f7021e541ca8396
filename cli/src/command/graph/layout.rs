//! Where boxes and arrows lie: layers by the longest way to each box, the order and the places within them by the algorithm of
//! Sugiyama (`rust-sugiyama`).
//!
//! An arrow over several layers is led through each of them, so that it keeps clear of the boxes on its way.

use rust_sugiyama::configure::Config;

use super::picture::{Box, Picture};

/// The size of a character in a box, in pixels: all have one width there.
pub const CHARACTER: f64 = 7.25;
/// The height of a line.
pub const LINE: f64 = 17.0;
/// What is left free around the text of a box.
pub const PADDING: f64 = 11.0;
/// Between boxes that stand beside each other.
const BESIDE: f64 = 36.0;
/// Between layers, beside what the labels of arrows take.
const BELOW: f64 = 36.0;
/// Between a box and its notes.
pub const NOTE_GAP: f64 = 84.0;
/// Between the notes of a box.
const NOTE_BELOW: f64 = 8.0;
/// Around the whole.
const MARGIN: f64 = 24.0;
/// The title.
const TITLE: f64 = 34.0;

/// A rectangle, by its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rectangle {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rectangle {
    /// Whether two rectangles share more than an edge.
    #[cfg(test)]
    pub fn overlaps(&self, other: &Rectangle) -> bool {
        self.x + self.width > other.x
            && other.x + other.width > self.x
            && self.y + self.height > other.y
            && other.y + other.height > self.y
    }
}

/// Where everything lies.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub width: f64,
    pub height: f64,
    /// By box.
    pub boxes: Vec<Placed>,
    /// By arrow: the points that it goes through, and the middle of its label.
    pub arrows: Vec<Way>,
}

/// Where a box lies.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    pub at: Rectangle,
    /// By note.
    pub notes: Vec<Rectangle>,
}

/// The way of an arrow.
#[derive(Clone, Debug, Default)]
pub struct Way {
    pub points: Vec<(f64, f64)>,
    pub label: (f64, f64),
}

/// The number of columns that a text takes: letters of East Asian scripts take two.
pub fn columns(text: &str) -> usize {
    text.chars()
        .map(|c| {
            if ('\u{1100}'..='\u{ffef}').contains(&c) && !('\u{2000}'..='\u{2e7f}').contains(&c) || c > '\u{ffff}' {
                2
            } else {
                1
            }
        })
        .sum()
}

/// The size of a box of these lines.
pub fn size(lines: &[String]) -> (f64, f64) {
    let widest = lines.iter().map(|line| columns(line)).max().unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "lines are short")]
    let (width, height) = (widest as f64 * CHARACTER, lines.len() as f64 * LINE);
    (width + 2.0 * PADDING, height + 2.0 * PADDING - 4.0)
}

/// What is laid out: a box with its notes, or the passage of an arrow through a layer.
struct Piece {
    layer: usize,
    width: f64,
    height: f64,
    /// The middle of it, from left to right.
    middle: f64,
    /// How far the middle of the box lies from the left end.
    of_box: f64,
}

/// Lays a picture out. The same picture gives the same layout.
pub fn layout(picture: &Picture) -> Layout {
    let layers = layers(picture);
    let mut pieces: Vec<Piece> = Vec::new();
    for (one, layer) in picture.boxes.iter().zip(&layers) {
        let (width, height) = whole(one);
        pieces.push(Piece { layer: *layer, width, height, middle: 0.0, of_box: size(&one.lines).0 / 2.0 });
    }
    // By arrow: the pieces that it goes through.
    let mut chains: Vec<Vec<usize>> = Vec::new();
    let mut edges: Vec<(u32, u32)> = Vec::new();
    for arrow in &picture.arrows {
        let of = |index: usize| layers.get(index).copied().unwrap_or(0);
        let (upper, lower) =
            if of(arrow.from) <= of(arrow.to) { (arrow.from, arrow.to) } else { (arrow.to, arrow.from) };
        let mut chain = vec![upper];
        for layer in of(upper) + 1..of(lower) {
            chain.push(pieces.len());
            pieces.push(Piece { layer, width: 12.0, height: 0.0, middle: 0.0, of_box: 6.0 });
        }
        chain.push(lower);
        for pair in chain.windows(2) {
            if let [from, to] = pair
                && let (Ok(from), Ok(to)) = (u32::try_from(*from), u32::try_from(*to))
                && from != to
                && !edges.contains(&(from, to))
            {
                edges.push((from, to));
            }
        }
        chains.push(chain);
    }
    // The branches of a box follow one another, in their order.
    edges.sort_by_key(|(from, _)| *from);
    center_lone(&mut pieces);
    place(&mut pieces, &edges);
    let rows = rows(picture, &pieces, &layers);
    let mut layout = Layout::default();
    let left = pieces.iter().zip(0..).map(|(piece, index)| {
        let half = picture.boxes.get(index).map_or(piece.width / 2.0, |one| size(&one.lines).0 / 2.0);
        piece.middle - piece.width / 2.0 + piece.of_box - half
    });
    let left = left.fold(f64::INFINITY, f64::min);
    let left = if left.is_finite() { left - MARGIN } else { 0.0 };
    for (one, piece) in picture.boxes.iter().zip(&pieces) {
        let (top, height) = rows.get(piece.layer).copied().unwrap_or_default();
        let (width, own) = size(&one.lines);
        let x = piece.middle - piece.width / 2.0 + piece.of_box - width / 2.0 - left;
        let at = Rectangle { x, y: top + (height - own) / 2.0, width, height: own };
        let beside: f64 = notes_height(one);
        let mut y = top + (height - beside) / 2.0;
        let notes = one.notes.iter().map(|note| {
            let (width, height) = size(&note.lines);
            let at = Rectangle { x: x + at.width + NOTE_GAP, y, width, height };
            y += height + NOTE_BELOW;
            at
        });
        let notes = notes.collect();
        layout.boxes.push(Placed { at, notes });
    }
    for (arrow, chain) in picture.arrows.iter().zip(&chains) {
        let way = way(arrow.from, chain, picture, &pieces, &layout, &rows, left);
        layout.arrows.push(way);
    }
    let right = layout.boxes.iter().flat_map(|placed| placed.notes.iter().chain([&placed.at]));
    let right = right.map(|at| at.x + at.width).chain(labels(picture, &layout)).fold(0.0, f64::max);
    layout.width = right.max({
        #[expect(clippy::cast_precision_loss, reason = "titles are short")]
        let title = columns(&picture.title) as f64 * CHARACTER * 1.2;
        title + MARGIN
    }) + MARGIN;
    layout.height = rows.last().map_or(TITLE, |(top, height)| top + height) + MARGIN;
    layout
}

/// Where a box is alone in its layer, the layer is as wide to its left as its notes make it to its right: boxes one below the other
/// then stand in one line.
fn center_lone(pieces: &mut [Piece]) {
    let mut count: Vec<usize> = Vec::new();
    for piece in pieces.iter() {
        count.resize(count.len().max(piece.layer + 1), 0);
        if let Some(own) = count.get_mut(piece.layer) {
            *own += 1;
        }
    }
    for piece in pieces.iter_mut().filter(|piece| count.get(piece.layer) == Some(&1)) {
        piece.width = 2.0 * (piece.width - piece.of_box);
        piece.of_box = piece.width / 2.0;
    }
}

/// How far the labels of arrows reach to the right.
fn labels<'l>(picture: &'l Picture, layout: &'l Layout) -> impl Iterator<Item = f64> + 'l {
    picture.arrows.iter().zip(&layout.arrows).map(|(arrow, way)| way.label.0 + label_size(&arrow.label).0 / 2.0)
}

/// The size of an arrow's label.
pub fn label_size(label: &str) -> (f64, f64) {
    if label.is_empty() {
        return (0.0, 0.0);
    }
    let widest = label.lines().map(columns).max().unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "labels are short")]
    let (width, height) = (widest as f64 * CHARACTER * 0.92, label.lines().count() as f64 * 15.0);
    (width + 8.0, height + 4.0)
}

/// The size of a box with its notes.
fn whole(one: &Box) -> (f64, f64) {
    let (width, height) = size(&one.lines);
    let notes = one.notes.iter().map(|note| size(&note.lines).0).fold(0.0, f64::max);
    let width = if one.notes.is_empty() { width } else { width + NOTE_GAP + notes };
    (width, height.max(notes_height(one)))
}

fn notes_height(one: &Box) -> f64 {
    let heights = one.notes.iter().map(|note| size(&note.lines).1 + NOTE_BELOW).sum::<f64>();
    if one.notes.is_empty() { 0.0 } else { heights - NOTE_BELOW }
}

/// The layer of each box: the length of the longest way to it. Arrows that lead back do not count.
fn layers(picture: &Picture) -> Vec<usize> {
    let count = picture.boxes.len();
    let mut layers = vec![0_usize; count];
    // Boxes are made in the order of control, but for what undoes what: an arrow back from there leads upwards.
    let forward: Vec<(usize, usize)> =
        picture.arrows.iter().map(|arrow| (arrow.from, arrow.to)).filter(|(from, to)| from < to).collect();
    let mut sorted = forward;
    sorted.sort_unstable();
    for (from, to) in sorted {
        let above = layers.get(from).copied().unwrap_or(0) + 1;
        if let Some(layer) = layers.get_mut(to) {
            *layer = (*layer).max(above);
        }
    }
    layers
}

/// Gives every piece its place within its layer.
fn place(pieces: &mut [Piece], edges: &[(u32, u32)]) {
    let vertices: Vec<(u32, (f64, f64))> =
        (0..).zip(pieces.iter()).map(|(index, piece)| (index, (piece.width, piece.height.max(1.0)))).collect();
    let config = Config { vertex_spacing: BESIDE, dummy_vertices: false, ..Config::default() };
    let mut right = 0.0;
    for (component, _, _) in rust_sugiyama::from_vertices_and_edges(&vertices, edges, &config) {
        let half = |index: usize| pieces.get(index).map_or(0.0, |piece| piece.width / 2.0);
        let least = component.iter().map(|(index, (x, _))| x - half(*index)).fold(f64::INFINITY, f64::min);
        let most = component.iter().map(|(index, (x, _))| x + half(*index)).fold(f64::NEG_INFINITY, f64::max);
        for (index, (x, _)) in component {
            if let Some(piece) = pieces.get_mut(index) {
                piece.middle = right + x - least;
            }
        }
        right += most - least + BESIDE;
    }
    keep_order(pieces, edges);
    keep_apart(pieces);
}

/// Turns the whole around where that brings more branches into their order, the first one to the left.
fn keep_order(pieces: &mut [Piece], edges: &[(u32, u32)]) {
    let middle = |index: u32| usize::try_from(index).ok().and_then(|index| pieces.get(index)).map(|piece| piece.middle);
    let mut balance = 0_i64;
    for pair in edges.windows(2) {
        if let [(from, one), (same, other)] = pair
            && from == same
            && let (Some(one), Some(other)) = (middle(*one), middle(*other))
        {
            balance += if one < other { 1 } else { -1 };
        }
    }
    if balance < 0 {
        pieces.iter_mut().for_each(|piece| piece.middle = -piece.middle);
    }
}

/// Moves pieces of a layer to the right where they would lie on one another.
fn keep_apart(pieces: &mut [Piece]) {
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    let key = |index: &usize| pieces.get(*index).map_or((0, 0.0), |piece| (piece.layer, piece.middle));
    order.sort_by(|a, b| {
        let (one, other) = (key(a), key(b));
        one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)).then(a.cmp(b))
    });
    let mut last: Option<(usize, f64)> = None;
    for index in order {
        let Some(piece) = pieces.get_mut(index) else { continue };
        let free = match last {
            Some((layer, right)) if layer == piece.layer => right + BESIDE / 2.0,
            _ => f64::NEG_INFINITY,
        };
        piece.middle = piece.middle.max(free + piece.width / 2.0);
        last = Some((piece.layer, piece.middle + piece.width / 2.0));
    }
}

/// The top and the height of each layer: room is left above it for the labels of the arrows that come in.
fn rows(picture: &Picture, pieces: &[Piece], layers: &[usize]) -> Vec<(f64, f64)> {
    let count = layers.iter().max().map_or(0, |last| last + 1);
    let mut top = TITLE + MARGIN;
    let mut rows = Vec::with_capacity(count);
    for layer in 0..count {
        let height = pieces.iter().filter(|piece| piece.layer == layer).map(|piece| piece.height).fold(0.0, f64::max);
        let begins = |from: usize| layers.get(from) == Some(&layer);
        let outgoing = picture.arrows.iter().filter(|arrow| begins(arrow.from));
        let label = outgoing.map(|arrow| label_size(&arrow.label).1).fold(0.0, f64::max);
        rows.push((top, height));
        top += height + BELOW + label;
    }
    rows
}

/// The way of an arrow: out of the bottom of the upper box, through the layers between, into the top of the lower one.
fn way(
    from: usize,
    chain: &[usize],
    picture: &Picture,
    pieces: &[Piece],
    layout: &Layout,
    rows: &[(f64, f64)],
    left: f64,
) -> Way {
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (place, index) in chain.iter().enumerate() {
        let (first, last) = (place == 0, place + 1 == chain.len());
        match layout.boxes.get(*index) {
            Some(Placed { at, .. }) if first || last => {
                let y = if first { at.y + at.height } else { at.y };
                points.push((at.x + at.width / 2.0, y));
            }
            _ => {
                let Some(piece) = pieces.get(*index) else { continue };
                let (top, height) = rows.get(piece.layer).copied().unwrap_or_default();
                points.push((piece.middle - left, top));
                points.push((piece.middle - left, top + height));
            }
        }
    }
    if chain.len() == 2
        && let (Some(one), Some(other)) = (chain.first(), chain.last())
        && pieces.get(*one).map(|piece| piece.layer) == pieces.get(*other).map(|piece| piece.layer)
    {
        points = beside(layout, *one, *other);
    }
    // The label stands near the beginning, where ways still lie apart.
    let label = match points.as_slice() {
        [one, other, ..] => {
            let upper = chain.first().copied().unwrap_or(from);
            let layer = pieces.get(upper).map_or(0, |piece| piece.layer);
            let bottom = rows.get(layer).map_or(one.1, |(top, height)| top + height);
            let height = picture_label(picture, from, chain);
            let y = bottom + height / 2.0 + 9.0;
            (one.0 + (other.0 - one.0) * 0.6, y.min(other.1.max(one.1)))
        }
        _ => (0.0, 0.0),
    };
    if chain.first() != Some(&from) {
        points.reverse();
    }
    Way { points, label }
}

fn picture_label(picture: &Picture, from: usize, chain: &[usize]) -> f64 {
    let ends = [chain.first().copied(), chain.last().copied()];
    let own = picture.arrows.iter().filter(|arrow| arrow.from == from && ends.contains(&Some(arrow.to)));
    own.map(|arrow| label_size(&arrow.label).1).fold(0.0, f64::max)
}

/// The way between two boxes of one layer: over the top of both.
fn beside(layout: &Layout, from: usize, to: usize) -> Vec<(f64, f64)> {
    let (Some(one), Some(other)) = (layout.boxes.get(from), layout.boxes.get(to)) else { return Vec::new() };
    let middle = |at: &Rectangle| at.x + at.width / 2.0;
    let bottom = (one.at.y + one.at.height).max(other.at.y + other.at.height) + 16.0;
    vec![
        (middle(&one.at), one.at.y + one.at.height),
        (middle(&one.at), bottom),
        (middle(&other.at), bottom),
        (middle(&other.at), other.at.y + other.at.height),
    ]
}
