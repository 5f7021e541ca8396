//! Paths as users see them.

use std::path::{Component, Path, PathBuf};

/// A path as users see it: seen from the current folder, with forward slashes. What is not below the folder is reached by
/// `..` where that is short, and is whole otherwise.
pub fn shown(path: &Path, current: &Path) -> String {
    const STEPS_UP: usize = 3;
    let common = path.components().zip(current.components()).take_while(|(a, b)| a == b).count();
    let up = current.components().count() - common;
    let relative: PathBuf =
        std::iter::repeat_n(Component::ParentDir, up).chain(path.components().skip(common)).collect();
    let chosen = if up <= STEPS_UP && common > 1 { relative.as_path() } else { path };
    if chosen.as_os_str().is_empty() {
        return ".".to_owned();
    }
    chosen.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_current_folder() {
        let see = |path: &str| shown(Path::new(path), Path::new("/home/a/b"));
        assert_eq!(see("/home/a/b/x/y.gov"), "x/y.gov");
        assert_eq!(see("/home/a/b"), ".");
        assert_eq!(see("/home/c.gov"), "../../c.gov");
        assert_eq!(see("/tmp/c.gov"), "/tmp/c.gov");
    }
}
