//! Both ways together: exactly where that is possible, and by the solver otherwise.

use super::encode::requests as encoded;
use super::exact;
use super::question::{Answer, Question, Way};
use gov_plan::decide::RequestBody;

/// The exact way, and the solver for what it leaves open.
pub(crate) struct Both<'s, 'o, 'p> {
    pub exact: exact::Requests<'p>,
    pub solver: encoded::Requests<'s, 'o, 'p>,
}

/// A request as one of the ways knows it.
pub(crate) enum Sample {
    Exact(exact::Point),
    Solver(RequestBody),
}

impl Way for Both<'_, '_, '_> {
    type Sample = Sample;

    fn find(&mut self, question: &Question<'_>) -> Answer<Sample> {
        match self.exact.find(question) {
            Answer::Yes(point) => Answer::Yes(Sample::Exact(point)),
            Answer::No(digests) => Answer::No(digests),
            Answer::Unknown(_) => match self.solver.find(question) {
                Answer::Yes(request) => Answer::Yes(Sample::Solver(request)),
                Answer::No(digests) => Answer::No(digests),
                Answer::Unknown(why) => Answer::Unknown(why),
            },
        }
    }

    fn touching(&mut self, sample: &Sample, before: usize) -> Vec<usize> {
        match sample {
            Sample::Exact(point) => self.exact.touching(point, before),
            Sample::Solver(request) => self.solver.touching(request, before),
        }
    }

    fn request(&mut self, question: &Question<'_>, sample: &Sample) -> Option<RequestBody> {
        match sample {
            Sample::Exact(point) => self.exact.request(question, point),
            Sample::Solver(request) => self.solver.request(question, request),
        }
    }

    fn neighbours(&self, rule: usize, limit: usize, wanted: &dyn Fn(usize) -> bool) -> Vec<usize> {
        self.exact.neighbours(rule, limit, wanted)
    }

    fn forget(&mut self, rule: usize) {
        self.exact.forget(rule);
    }
}
