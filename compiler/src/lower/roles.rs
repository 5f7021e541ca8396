//! Roles and their members.

use gov_plan::model::Role;
use gov_plan::pattern::PrincipalPattern;

use super::{Context, origin};
use crate::errors::structure;

impl Context<'_> {
    pub(super) fn build_roles(&mut self) -> Vec<Role> {
        let declared: Vec<_> = self.symbols.roles.values().copied().collect();
        let mut roles = Vec::new();
        for role in declared {
            let patterns = role.decl.members.clone().unwrap_or_default();
            let members = self.principals(role.file, &patterns).unwrap_or_default();
            for (pattern, member) in patterns.iter().zip(&members) {
                let what = match member {
                    PrincipalPattern::Any => "`any` is no member of a role",
                    PrincipalPattern::Role(_) => "a role is no member of a role",
                    PrincipalPattern::Exact(_) | PrincipalPattern::Prefix(_) => continue,
                };
                let help = "name principals, such as `user:alice` or `user:finance_*`";
                self.report(structure::bad_pattern(role.span(pattern.span), what, help));
            }
            let name = role.decl.name.text.clone();
            let at = origin(role.span(role.decl.name.span));
            roles.push(Role { name, docs: role.item.docs.clone(), members, at });
        }
        roles
    }
}
