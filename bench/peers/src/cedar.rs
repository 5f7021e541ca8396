//! Cedar: `Authorizer::is_authorized` on policies, entities and requests that are made before.

use std::collections::HashSet;
use std::error::Error;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression, Schema,
};
use gov_bench_workload::{self as workload, Overlap};

use crate::{Measured, measure};

pub fn decisions(size: usize) -> Result<Measured, Box<dyn Error>> {
    let text = workload::cedar_policies(&workload::rules(size), Overlap::Dense);
    let (schema, _) = Schema::from_cedarschema_str(&workload::cedar_schema(Overlap::Dense, size))?;
    let before = measure::memory();
    let policies: PolicySet = text.parse()?;
    let held = measure::memory().saturating_sub(before);
    let mut loads = Vec::new();
    for _ in 0..5 {
        let (took, again) = measure::once(|| text.parse::<PolicySet>());
        again?;
        loads.push(took);
    }

    let uid =
        |kind: &str, id: String| -> Result<EntityUid, Box<dyn Error>> { Ok(format!("{kind}::\"{id}\"").parse()?) };
    let mut entities = Vec::new();
    for role in 0..workload::ROLES {
        entities.push(Entity::new_no_attrs(uid("Role", format!("r{role}"))?, HashSet::new()));
    }
    for (user, roles) in workload::users().iter().enumerate() {
        let parents: Result<HashSet<_>, _> = roles.iter().map(|role| uid("Role", format!("r{role}"))).collect();
        entities.push(Entity::new_no_attrs(uid("User", format!("u{user}"))?, parents?));
    }
    for resource in 0..workload::RESOURCES {
        entities.push(Entity::new_no_attrs(uid("Resource", format!("d{resource}"))?, HashSet::new()));
    }
    let entities = Entities::from_entities(entities, Some(&schema))?;

    let mut requests = Vec::new();
    for request in workload::requests(2_000) {
        let context = Context::from_pairs([
            ("risk".to_owned(), RestrictedExpression::new_string(request.risk.to_owned())),
            ("amount".to_owned(), RestrictedExpression::new_long(request.amount as i64)),
        ])?;
        requests.push(Request::new(
            uid("User", format!("u{}", request.user))?,
            uid("Action", format!("a{}", request.action))?,
            uid("Resource", format!("d{}", request.resource))?,
            context,
            Some(&schema),
        )?);
    }
    let authorizer = Authorizer::new();
    let decide =
        |request: &Request| authorizer.is_authorized(request, &policies, &entities).decision() == Decision::Allow;
    for request in requests.iter().take(200) {
        decide(request);
    }
    let (mut answers, mut times) = (Vec::new(), Vec::new());
    for pass in 0..measure::passes(size) {
        for request in &requests {
            let (took, allowed) = measure::once(|| decide(request));
            times.push(took);
            if pass == 0 {
                answers.push(allowed);
            }
        }
    }
    Ok(Measured { who: "cedar-policy 4.14.1", answers, decisions: times, loads, held, note: "" })
}
