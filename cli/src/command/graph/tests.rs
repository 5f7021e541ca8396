use gov_compiler::package::{File, Input};
use gov_compiler::verify::Options;
use gov_plan::document::Plan;

use super::layout::{Layout, layout, size};
use super::picture::Picture;
use super::{dot, map, mermaid, policy, svg, workflow};

const SHOP: &str = r#"package shop

context { frozen: Bool }
role finance { user:alice }

capability crm.read: read { input { order: String } output { total: Money<USD>, open: Bool } }
capability mail.send: network {
    input { text: String }
    effect irreversible external "a mail is sent"
    risk high because "customers read it"
    compensate manually because "write again"
    idempotent by text
    retry until success
}
capability pay.refund: network {
    input { order: String, amount: Money<USD> }
    effect irreversible external "money leaves the account"
    risk critical because "moves money"
    compensate with pay.charge { order: order, amount: amount }
    idempotent by order
}
capability pay.charge: network {
    input { order: String, amount: Money<USD> }
    effect irreversible external "charges the card again"
    risk critical because "moves money"
    compensate none because "it is itself an undo"
    retry until success
    idempotent by order
}

policy desk {
    default deny
    escalate never because "approved in the workflow"
    undo: allow system:rollback to pay.charge
    stop: deny any to pay.* when context.frozen because "payments are frozen"
    look: allow agent:support to crm.*, mail.send
    large: require approval from role:finance within 24h for agent:support to pay.refund
}

workflow refund(order: String) {
    principal agent:support
    policy desk
    step found = crm.read { order: order }
    check found.open else "order {order} is closed, \"really\" & <truly>"
    if found.total > 100 USD {
        approval boss from user:* within 2h "refund {order}?"
        step paid = pay.refund { order: order, amount: found.total }
    } else {
        step small = pay.refund { order: order, amount: 1 USD }
    }
    step told = mail.send { text: "refunded {order}" } on failure continue
}
"#;

fn plan(source: &str) -> Plan {
    let input = Input { files: vec![File { path: "shop.gov".into(), text: source.into() }], ..Input::default() };
    let mut checked = gov_compiler::check(&input);
    gov_compiler::prove(&mut checked, &Options::default()).unwrap();
    let wrong: Vec<_> = checked.diagnostics.iter().map(|found| format!("{:?} {}", found.code, found.message)).collect();
    gov_compiler::compile(&checked).unwrap_or_else(|| panic!("{wrong:#?}")).unwrap()
}

/// A workflow of so many steps, with branches, loops and steps at once among them.
fn long(steps: usize) -> String {
    let mut body = String::new();
    let mut made = 0;
    let mut step = |name: &str| {
        made += 1;
        format!("step {name}{made} = crm.read {{ order: order }}\n")
    };
    let mut count = 0;
    while count < steps {
        let left = steps - count;
        match count % 12 {
            2 if left >= 3 => {
                let (a, b, c) = (step("yes"), step("no"), step("no"));
                body.push_str(&format!("if order == \"o_{count}\" {{ {a} }} else {{ {b} {c} }}\n"));
                count += 3;
            }
            6 if left >= 4 => {
                let (a, b, c, d) = (step("left"), step("middle"), step("right"), step("far"));
                body.push_str(&format!("parallel {{ {a} {b} {c} {d} }}\n"));
                count += 4;
            }
            _ => {
                body.push_str(&step("step"));
                count += 1;
            }
        }
    }
    let head = SHOP.split("workflow refund").next().unwrap();
    format!("{head}workflow long(order: String) {{ principal agent:support policy desk\n{body}}}\n")
}

fn pictures() -> Vec<Picture> {
    let plan = self::plan(SHOP);
    let mut pictures = vec![
        workflow::picture(&plan, plan.package.workflow("refund").unwrap()),
        policy::picture(&plan.package, plan.package.policy("desk").unwrap()),
        map::picture(&plan.package),
    ];
    for steps in [1, 5, 12, 60] {
        let plan = self::plan(&long(steps));
        pictures.push(workflow::picture(&plan, plan.package.workflow("long").unwrap()));
    }
    pictures
}

#[test]
fn pictures_read_well() {
    for (picture, name) in pictures().iter().zip(["workflow", "policy", "map"]) {
        insta::assert_snapshot!(format!("{name}_svg"), svg::render(picture));
        insta::assert_snapshot!(format!("{name}_mermaid"), mermaid::render(picture));
        insta::assert_snapshot!(format!("{name}_dot"), dot::render(picture));
    }
}

#[test]
fn every_step_is_in_every_form() {
    for steps in [1, 5, 12, 60] {
        let source = long(steps);
        let plan = self::plan(&source);
        let picture = workflow::picture(&plan, plan.package.workflow("long").unwrap());
        let names: Vec<&str> = source
            .split("step ")
            .skip(1)
            .filter_map(|rest| rest.split(" = ").next())
            .filter(|name| !name.contains(' '))
            .collect();
        assert_eq!(names.len(), steps);
        for form in [svg::render(&picture), mermaid::render(&picture), dot::render(&picture)] {
            for name in &names {
                assert!(form.contains(name), "{name} of {steps}");
            }
        }
    }
}

/// A rule that denies a step's call hangs on it, with its condition; one behind a rule that always decides does not.
#[test]
fn what_may_refuse_a_step_hangs_on_it() {
    let behind = SHOP.replace("large: require", "large: require approval from user:* for agent:support to pay.refund late: deny agent:support to pay.refund when context.frozen last: require");
    let denied = |source: &str| {
        let input = Input { files: vec![File { path: "shop.gov".into(), text: source.into() }], ..Input::default() };
        let package = gov_compiler::check(&input).package.unwrap();
        let document = plan(SHOP).document;
        let plan = Plan { document, package, digest: String::new() };
        let picture = workflow::picture(&plan, plan.package.workflow("refund").unwrap());
        let paid = picture.boxes.iter().find(|one| one.lines[0] == "paid").unwrap();
        let refused = paid.notes.iter().filter(|note| note.label == "refused");
        refused.map(|note| note.lines.join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(denied(SHOP), ["by stop when context.frozen"]);
    assert_eq!(denied(&behind), ["by stop when context.frozen"]);
    assert_eq!(denied(&SHOP.replace("stop: deny any to pay.*", "stop: deny any to crm.*")), Vec::<String>::new());
}

#[test]
fn no_two_boxes_overlap_and_all_lie_within_the_picture() {
    for picture in pictures() {
        let Layout { width, height, boxes, arrows } = layout(&picture);
        let all: Vec<_> = boxes.iter().flat_map(|placed| placed.notes.iter().chain([&placed.at])).collect();
        for (index, one) in all.iter().enumerate() {
            assert!(one.x >= 0.0 && one.y >= 0.0 && one.x + one.width <= width && one.y + one.height <= height);
            for other in &all[index + 1..] {
                assert!(!one.overlaps(other), "{}: {one:?} {other:?}", picture.title);
            }
        }
        for (one, placed) in picture.boxes.iter().zip(&boxes) {
            assert!(size(&one.lines).0 <= placed.at.width);
        }
        for ((x, y), arrow) in arrows
            .iter()
            .zip(&picture.arrows)
            .flat_map(|(way, arrow)| way.points.iter().map(move |point| (*point, arrow)))
        {
            assert!(x >= 0.0 && y >= 0.0 && x <= width && y <= height, "{}: {arrow:?}", picture.title);
        }
    }
}

/// Branches stand in their order, the first one to the left.
#[test]
fn branches_keep_their_order() {
    let plan = self::plan(&long(60));
    let picture = workflow::picture(&plan, plan.package.workflow("long").unwrap());
    let layout = layout(&picture);
    let x = |name: &str| {
        let of = |lines: &[String]| lines.first().is_some_and(|line| line == name);
        layout.boxes[picture.boxes.iter().position(|one| of(&one.lines)).unwrap()].at.x
    };
    assert!(x("left7") < x("middle8") && x("middle8") < x("right9") && x("yes3") < x("no4"));
}

#[test]
fn no_arrow_runs_through_a_box_that_is_not_its_end() {
    for picture in pictures() {
        let layout = layout(&picture);
        for (arrow, way) in picture.arrows.iter().zip(&layout.arrows) {
            for (index, placed) in layout.boxes.iter().enumerate() {
                if index == arrow.from || index == arrow.to {
                    continue;
                }
                let at = placed.at;
                for pair in way.points.windows(2) {
                    let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
                    // Between layers ways bend; within one they are straight.
                    if ay.min(by) < at.y + at.height && ay.max(by) > at.y && (ax - bx).abs() < 0.5 {
                        assert!(ax < at.x || ax > at.x + at.width, "{}: {arrow:?} through {index}", picture.title);
                    }
                }
            }
        }
    }
}

#[test]
fn the_same_plan_gives_the_same_picture() {
    for (one, other) in pictures().iter().zip(pictures().iter()) {
        assert_eq!(svg::render(one), svg::render(other));
        assert_eq!(mermaid::render(one), mermaid::render(other));
    }
}

#[test]
fn nothing_that_a_plan_says_is_read_as_markup() {
    let pictures = pictures();
    let svg = svg::render(&pictures[0]);
    assert!(svg.contains("&lt;truly&gt;") && !svg.contains("<truly>"), "{svg}");
    for picture in &pictures {
        for line in mermaid::render(picture).lines().skip(4) {
            assert!(is_mermaid(line.trim()), "{line}");
        }
        for line in dot::render(picture).lines() {
            let quotes = line.replace("\\\\", "").replace("\\\"", "").matches('"').count();
            assert_eq!(quotes % 2, 0, "{line}");
        }
    }
}

/// Whether a line is one of those that a flowchart is made of here: a box, an arrow, or a class.
fn is_mermaid(line: &str) -> bool {
    // A quoted text is one word; nothing in it is a quote.
    let parts: Vec<&str> = line.split('"').collect();
    if parts.len().is_multiple_of(2) {
        return false;
    }
    let texts = parts.iter().skip(1).step_by(2);
    let safe = |text: &str| !text.replace("<br/>", "").contains(['<', '>', '`', '[', ']', '{', '}', '|']);
    if !texts.into_iter().all(|text| safe(text)) {
        return false;
    }
    let frame: String = parts.iter().step_by(2).copied().collect::<Vec<_>>().join("T");
    let is_name = |name: &str| {
        name.strip_prefix('n')
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || c == '_'))
    };
    let shapes = ["([T])", "(T)", "{{T}}", "[T]"];
    let is_box = frame.split_once(":::").is_some_and(|(head, class)| {
        class.chars().all(|c| c.is_ascii_lowercase())
            && shapes.iter().any(|shape| head.strip_suffix(shape).is_some_and(is_name))
    });
    let words: Vec<&str> = frame.split(' ').collect();
    let is_arrow = match words.as_slice() {
        [from, line, to] => is_name(from) && is_name(to) && ["-->", "-.->", "-->|T|", "-.->|T|"].contains(line),
        _ => false,
    };
    is_box || is_arrow || line.starts_with("classDef ")
}
