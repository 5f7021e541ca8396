//! Which name was probably meant.

/// The candidate nearest to `word`, if one is near enough to be what was meant.
///
/// Nearness is the Damerau–Levenshtein distance (letters added, dropped, changed, or swapped with a neighbour); a word may
/// differ by a third of its length, and by one letter at least. Of equally near candidates the first is taken.
pub fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word && candidate.len().abs_diff(word.len()) <= limit)
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
