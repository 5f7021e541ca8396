//! `sys.info`: the machine and the time.

use super::blocking::Blocking;
use super::net::Secrets;
use crate::gate::{Call, Error, Handlers};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::SystemTime;

struct Info {
    /// The variables that may be read: names, and beginnings of names with `*` after them.
    variables: Vec<String>,
    secrets: Secrets,
}

/// Registers the handlers of `sys.info`. Of the environment only `variables` can be read: names, or `PREFIX*`,
/// and no secret.
pub(super) fn register(handlers: &mut Handlers, variables: &[String], secrets: &Secrets) {
    let info = Arc::new(Info { variables: variables.to_vec(), secrets: secrets.clone() });
    handlers.builtin("sys.info.get_os", Arc::new(Blocking::new(&info, get_os)));
    handlers.builtin("sys.info.get_env_var", Arc::new(Blocking::new(&info, get_env_var)));
    handlers.builtin("sys.info.get_time", Arc::new(Blocking::new(&info, get_time)));
}

fn get_os(_: &Info, _: &Call) -> Result<Json, Error> {
    use std::env::consts::{ARCH, FAMILY, OS};
    Ok(json!({ "os": OS, "arch": ARCH, "family": FAMILY }))
}

fn get_env_var(info: &Info, call: &Call) -> Result<Json, Error> {
    let name = call.text("name")?;
    if !info.variables.iter().any(|allowed| fits(allowed, name)) {
        return Err(Error::Permanent(format!("this deployment does not let runs read the variable `{name}`")));
    }
    if let Some(secret) = info.secrets.of_variable(name) {
        return Err(Error::Permanent(format!("the variable `{name}` holds the secret `{secret}`, which no run reads")));
    }
    match std::env::var(name) {
        Ok(value) => Ok(json!({ "value": info.secrets.scrub(&value) })),
        Err(std::env::VarError::NotPresent) => Ok(json!({})),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Error::Permanent(format!("the value of the variable `{name}` is not UTF-8")))
        }
    }
}

/// Whether a variable is one that a pattern stands for. What cannot be a name is none: `=` and NUL would end the process.
fn fits(pattern: &str, name: &str) -> bool {
    if name.is_empty() || name.contains(['=', '\0']) {
        return false;
    }
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

fn get_time(_: &Info, _: &Call) -> Result<Json, Error> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let since = since.map_err(|_| Error::Permanent("the clock stands before 1970".to_owned()))?;
    let milliseconds = i64::try_from(since.as_millis());
    let milliseconds = milliseconds.map_err(|_| Error::Permanent("the clock stands too late".to_owned()))?;
    let text = gov_plan::text::time(milliseconds);
    Ok(json!({ "time": text, "text": text }))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn only_what_is_allowed_can_be_read() {
        assert!(fits("HOME", "HOME"));
        assert!(fits("APP_*", "APP_MODE"));
        assert!(!fits("HOME", "HOME2"));
        assert!(!fits("APP_*", "APPX"));
        assert!(!fits("*", ""));
        assert!(!fits("*", "A=B"));
        assert!(!fits("*", "A\0"));
    }
}
