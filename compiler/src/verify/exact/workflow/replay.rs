//! A walk that follows a witness.

use super::Walk;
use super::act::Choices;
use super::state::{Path, State};

/// How many statements a replay may try before it gives up. A witness says how everything ends; all that is searched for is
/// the order of branches that run at once.
const MOST_ACTS: usize = 20_000;

impl<'m> Walk<'m> {
    /// Walks until a state is what is wanted. Where several statements may be next, those that `urgency` gives the lowest
    /// number are tried first.
    pub fn replay(
        &self,
        choices: &dyn Choices,
        urgency: &dyn Fn(&Path) -> u8,
        wanted: &dyn Fn(&State<'m>) -> bool,
    ) -> Option<State<'m>> {
        let mut open = vec![self.start()];
        let mut acts = 0;
        while let Some(state) = open.pop() {
            if wanted(&state) {
                return Some(state);
            }
            acts += 1;
            if acts > MOST_ACTS {
                return None;
            }
            let mut ready = self.ready(&state);
            // The last one that is pushed is tried first.
            ready.sort_by_key(|ready| std::cmp::Reverse(urgency(&ready.path)));
            for ready in &ready {
                let next = self.act(&state, ready, choices);
                open.extend(next.into_iter().rev());
            }
        }
        None
    }
}
