//! Patterns over principals and capability ids: exact, or everything with a prefix.

use std::fmt;

/// A pattern over text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextPattern {
    /// This text alone.
    Exact(String),
    /// Every text that starts so; the empty prefix fits all.
    Prefix(String),
    /// `role:name`, where the text is a principal: every principal that has the role.
    Role(String),
}

/// A pattern over principals (`agent:support`, `agent:test_*`, `role:finance`, `any`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalPattern {
    /// `any`
    Any,
    /// One principal, written `kind:name`.
    Exact(String),
    /// Every principal whose `kind:name` starts so: `agent:test_*`, `user:*`.
    Prefix(String),
    /// Every principal that has the role, as a declared member or because the request asserts it.
    Role(String),
}

/// A pattern over capability ids (`stripe.refund`, `io.fs.read_*`, `any`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapabilityPattern {
    /// `any`
    Any,
    /// One capability.
    Exact(String),
    /// Every capability whose id starts so.
    Prefix(String),
}

impl CapabilityPattern {
    /// Whether a capability's id fits.
    pub fn matches(&self, id: &str) -> bool {
        match self {
            CapabilityPattern::Any => true,
            CapabilityPattern::Exact(exact) => exact == id,
            CapabilityPattern::Prefix(prefix) => id.starts_with(prefix.as_str()),
        }
    }
}

impl PrincipalPattern {
    /// Whether a principal fits; `has_role` says whether it has a role, as a member or asserted.
    pub fn matches(&self, principal: &str, has_role: impl Fn(&str) -> bool) -> bool {
        match self {
            PrincipalPattern::Any => true,
            PrincipalPattern::Exact(exact) => exact == principal,
            PrincipalPattern::Prefix(prefix) => principal.starts_with(prefix.as_str()),
            PrincipalPattern::Role(role) => has_role(role),
        }
    }
}

impl TextPattern {
    /// Whether a text fits; `has_role` says whether the principal that it names has a role.
    pub fn matches(&self, text: &str, has_role: impl Fn(&str) -> bool) -> bool {
        match self {
            TextPattern::Exact(exact) => exact == text,
            TextPattern::Prefix(prefix) => text.starts_with(prefix.as_str()),
            TextPattern::Role(role) => has_role(role),
        }
    }
}

impl fmt::Display for PrincipalPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PrincipalPattern::Any => f.write_str("any"),
            PrincipalPattern::Exact(exact) => f.write_str(exact),
            PrincipalPattern::Prefix(prefix) => write!(f, "{prefix}*"),
            PrincipalPattern::Role(role) => write!(f, "role:{role}"),
        }
    }
}

impl fmt::Display for CapabilityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CapabilityPattern::Any => f.write_str("any"),
            CapabilityPattern::Exact(exact) => f.write_str(exact),
            CapabilityPattern::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TextPattern::Exact(exact) => f.write_str(exact),
            TextPattern::Prefix(prefix) => write!(f, "{prefix}*"),
            TextPattern::Role(role) => write!(f, "role:{role}"),
        }
    }
}
