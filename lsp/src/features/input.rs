//! What `input` has where a rule or a claim reads it. The checker looks at each field that is read, and needs no type of the
//! whole.

use gov_plan::Origin;
use gov_plan::model::ClaimKind;
use gov_plan::types::{Fields, Type};

use crate::world::View;

/// The type of `input` at an offset: the fields that all capabilities have that the rule or the claim there is about. Nothing
/// where neither is there, or it could not be made.
pub(super) fn at(view: &View, offset: u32) -> Option<Type> {
    let model = view.unit.model()?;
    let is_here = |at: Origin| at.file == view.file.0 && at.start <= offset && offset <= at.end;
    let mut rules = model.policies.iter().flat_map(|policy| &policy.rules);
    let targets = match rules.find(|rule| is_here(rule.at)) {
        Some(rule) => &rule.targets,
        None => match &model.claims.iter().find(|claim| is_here(claim.at))?.kind {
            ClaimKind::Policy { targets, .. } => targets,
            _ => return None,
        },
    };
    let about = model.capabilities.iter().filter(|one| targets.iter().any(|target| target.matches(&one.id)));
    Some(Type::Record(Fields::shared_by(about.map(|one| &one.input))))
}
