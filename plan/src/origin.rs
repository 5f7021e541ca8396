//! Where a part of a plan comes from.

/// A place in the source: which file, and the bytes from `start` to before `end`.
///
/// For messages alone: it is no part of a plan's meaning, so all origins are equal, and a plan that was read from a file has
/// none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin {
    /// The file's number, in the order in which the compiler was given the files.
    pub file: u32,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl PartialEq for Origin {
    fn eq(&self, _: &Origin) -> bool {
        true
    }
}

impl Eq for Origin {}
