//! The two sides of a difference: plans, packages, or revisions of either.

use std::path::{Path, PathBuf};

use gov_plan::document::Plan;

use crate::git::Place;
use crate::output::{Color, Failure};
use crate::plans::{self, Loaded};

/// Both sides.
pub struct Sides {
    pub old: Side,
    pub new: Side,
}

/// A plan and what it is called.
pub struct Side {
    pub name: String,
    pub plan: Plan,
}

impl Sides {
    /// Both sides; `None` where one is a package with errors, which were written to standard error.
    ///
    /// # Errors
    ///
    /// If there are not two sides, or one of them cannot be read.
    pub fn load(paths: &[PathBuf], git: Option<&str>, color: Color) -> Result<Option<Sides>, Failure> {
        let (old, new) = match (git, paths) {
            (None, [old, new]) => (Side::load(old, color)?, Side::load(new, color)?),
            (None, [only]) => {
                let shown = only.display();
                let failure = Failure::new("a difference has two sides, and one was named");
                return Err(failure.help(format!("`gov diff OLD {shown}`, or `gov diff --git REV {shown}`")));
            }
            (Some(_), [_, _]) => {
                let failure = Failure::new("with `--git`, one path is compared with itself, and two were named");
                return Err(failure.help("two revisions are named with the one option: `--git OLD..NEW`"));
            }
            (Some(revisions), paths) => {
                let here = PathBuf::from(".");
                let path = paths.first().unwrap_or(&here);
                let place = Place::of(path)?;
                match revisions.split_once("..") {
                    Some((old, new)) => (Side::at(&place, path, old, color)?, Side::at(&place, path, new, color)?),
                    None => (Side::at(&place, path, revisions, color)?, Side::load(path, color)?),
                }
            }
            (None, _) => return Err(Failure::new("a difference has two sides: `gov diff OLD NEW`")),
        };
        Ok(old.zip(new).map(|(old, new)| Sides { old, new }))
    }
}

impl Side {
    fn load(path: &Path, color: Color) -> Result<Option<Side>, Failure> {
        let name = path.display().to_string();
        Ok(match plans::load(path, color)? {
            Loaded::Plan(plan) => Some(Side { name, plan: *plan }),
            Loaded::Findings => None,
        })
    }

    fn at(place: &Place, path: &Path, revision: &str, color: Color) -> Result<Option<Side>, Failure> {
        let checkout = place.at(revision)?;
        let name = format!("{} at {revision}", path.display());
        let folder = checkout.folder.path().canonicalize().unwrap_or_else(|_| checkout.folder.path().to_owned());
        let loaded = plans::load_from(&checkout.path, color, Some((&folder, revision)))?;
        Ok(match loaded {
            Loaded::Plan(plan) => Some(Side { name, plan: *plan }),
            Loaded::Findings => None,
        })
    }
}
