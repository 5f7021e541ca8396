//! Where a run was started: kept with it, so that whoever goes on with it does so under the same `gov.toml`, in the same folders.

use std::path::{Path, PathBuf};

use gov_runtime::deployment::Deployment;
use gov_runtime::gate::Handlers;
use gov_runtime::handlers;
use serde::{Deserialize, Serialize};

use super::Place;
use super::config::{self, Calls, Config};
use super::local;
use crate::output::{Failure, reason};

/// Where a run was started.
#[derive(Debug, Serialize, Deserialize)]
pub struct Origin {
    /// The `gov.toml`; nothing where there was none.
    config: Option<File>,
    /// The folders whose files it may touch, absolute.
    roots: Vec<PathBuf>,
    /// What `--external` said.
    external: Option<Calls>,
}

#[derive(Debug, Serialize, Deserialize)]
struct File {
    path: PathBuf,
    digest: String,
}

impl Place {
    /// The handlers of what is started here, and what is to be kept of where that is.
    ///
    /// # Errors
    ///
    /// If the `gov.toml` cannot be used, or a root is no folder.
    pub(super) fn here(&self, plan: &Path) -> Result<(Handlers, Origin), Failure> {
        let file = self.config.clone().or_else(|| config::find(Some(plan), &self.db));
        let config = file.map(|file| Config::read(&file)).transpose()?;
        let here = vec![PathBuf::from(".")];
        let roots = config.as_ref().and_then(|config| config.deployment.roots.clone()).unwrap_or(here);
        let roots = absolute(if self.roots.is_empty() { &roots } else { &self.roots })?;
        let (deployment, file) = match config {
            Some(config) => (config.deployment, Some(File { path: config.path, digest: config.digest })),
            None => (Deployment::default(), None),
        };
        let handlers = self.handlers(deployment, &roots, self.external)?;
        Ok((handlers, Origin { config: file, roots, external: self.external }))
    }

    /// The handlers of a run that was started elsewhere, but for what is said otherwise here.
    ///
    /// # Errors
    ///
    /// If its `gov.toml` is gone, or does not say any more what it said; or if a root is no folder.
    pub(super) fn of(&self, origin: Option<&str>) -> Result<Handlers, Failure> {
        let unreadable = |error| Failure::new(format!("where the run was started cannot be read: {error}"));
        let origin: Option<Origin> = origin.map(serde_json::from_str).transpose().map_err(unreadable)?;
        let deployment = match (&self.config, origin.as_ref().and_then(|origin| origin.config.as_ref())) {
            (Some(named), _) => Config::read(named)?.deployment,
            (None, Some(kept)) => kept.read()?,
            // Whoever lays one beside the database means the runs in it.
            (None, None) => match config::find(None, &self.db) {
                Some(found) => Config::read(&found)?.deployment,
                None => Deployment::default(),
            },
        };
        let said = deployment.roots.clone().filter(|_| self.config.is_some() || origin.is_none());
        let kept = || origin.as_ref().map_or_else(|| vec![PathBuf::from(".")], |origin| origin.roots.clone());
        let roots = if self.roots.is_empty() { said.unwrap_or_else(kept) } else { self.roots.clone() };
        let external = self.external.or_else(|| origin.as_ref()?.external);
        self.handlers(deployment, &absolute(&roots)?, external)
    }

    fn handlers(
        &self,
        mut deployment: Deployment,
        roots: &[PathBuf],
        external: Option<Calls>,
    ) -> Result<Handlers, Failure> {
        deployment.external = external.map_or(deployment.external, Into::into);
        let mut handlers = Handlers::new();
        handlers::register(&mut handlers, &deployment);
        local::register(&mut handlers, roots, &self.db, &deployment.secret_files())?;
        Ok(handlers)
    }
}

impl File {
    /// What it says, if that is what it said.
    fn read(&self) -> Result<Deployment, Failure> {
        let shown = self.path.display();
        if !self.path.exists() {
            return Err(Failure::new(format!("the run was started with `{shown}`, which is gone")));
        }
        let config = Config::read(&self.path)?;
        match config.digest == self.digest {
            true => Ok(config.deployment),
            false => Err(Failure::new(format!("the run was started with `{shown}`, which says something else by now"))),
        }
    }
}

fn absolute(roots: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let one = |root: &PathBuf| match root.canonicalize() {
        Ok(folder) if folder.is_dir() => Ok(folder),
        Ok(_) => Err(Failure::new(format!("`{}` is no folder", root.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Failure::new(format!("`{}` is no folder", root.display())))
        }
        Err(error) => Err(Failure::new(format!("cannot use the folder `{}`: {}", root.display(), reason(&error)))),
    };
    roots.iter().map(one).collect()
}
