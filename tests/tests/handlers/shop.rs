//! A folder with a package, its plan and a `gov.toml`, and runs of its workflows.

use gov_tests::{Ran, Sandbox};
use serde_json::Value;

/// A package that was compiled, and what its place allows.
pub struct Shop {
    pub folder: Sandbox,
    variables: Vec<(String, String)>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub account: Value,
    pub ran: Ran,
}

impl Shop {
    /// Compiles a package, and lays a `gov.toml` beside its plan.
    pub fn new(package: &str, config: &str) -> Shop {
        let folder = Sandbox::with([("shop.gov", package)]).unwrap();
        let compiled = folder.gov(["compile", "shop.gov", "-o", "plan.yaml"]).unwrap();
        assert_eq!(compiled.code, Some(0), "{compiled:?}");
        folder.write("gov.toml", config).unwrap();
        Shop { folder, variables: Vec::new() }
    }

    /// With a variable of the environment.
    pub fn with(mut self, name: &str, value: &str) -> Shop {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a variable of the environment, or without it.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.variables.retain(|(own, _)| own != name);
        self.variables.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    /// Runs `gov`.
    pub fn gov<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Ran {
        let mut command = self.folder.command(".").unwrap();
        command.args(arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        Ran::from(command.output().unwrap())
    }

    /// Runs a workflow of the plan, with more arguments of `gov run`.
    pub fn run_with(&self, workflow: &str, input: &Value, more: &[&str]) -> Run {
        let input = input.to_string();
        let mut arguments = vec!["run", "plan.yaml", workflow, "--input", &input, "--format", "json"];
        arguments.extend(more);
        let ran = self.gov(arguments);
        let account = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        Run { code: ran.code, account, ran }
    }

    /// Runs a workflow of the plan.
    pub fn run(&self, workflow: &str, input: &Value) -> Run {
        self.run_with(workflow, input, &[])
    }

    /// Everything that was written down about runs: the database with its log, byte by byte.
    pub fn written(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in std::fs::read_dir(self.folder.path(".")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("gov.db") && path.is_file() || name == "plan.yaml" {
                bytes.extend(std::fs::read(path).unwrap());
            }
        }
        bytes
    }
}

impl Run {
    /// Why it failed.
    pub fn error(&self) -> &str {
        self.account["error"].as_str().unwrap_or_default()
    }

    pub fn state(&self) -> &str {
        self.account["state"].as_str().unwrap_or_default()
    }

    pub fn output(&self) -> &Value {
        &self.account["output"]
    }

    /// How often the first step was tried.
    pub fn attempts(&self) -> u64 {
        self.account["steps"][0]["attempts"].as_u64().unwrap()
    }

    /// Fails unless it failed, saying this.
    #[track_caller]
    pub fn failed_saying(&self, words: &str) {
        assert_eq!(self.state(), "failed", "{self:?}");
        assert!(self.error().contains(words), "{self:?}");
    }
}
