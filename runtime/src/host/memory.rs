//! A store in memory: it lasts as long as the process.

use super::store::{Claim, Commit, Created, Due, Mail, NewRun, Store, Summary, Untold, Waiting};
use super::{Error, Link};
use crate::core::{GateId, Question, Status, Timer};
use crate::gate::Later;
use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps everything in memory. Clones are views of the same: what a process that died leaves to the next.
#[derive(Clone, Default)]
pub struct Memory {
    kept: Arc<Mutex<Kept>>,
    /// Which of the processes that share it this is.
    process: u64,
}

#[derive(Default)]
struct Kept {
    plans: BTreeMap<String, String>,
    runs: BTreeMap<String, Run>,
    keys: BTreeMap<String, String>,
    mail: BTreeMap<i64, (String, String, Option<String>)>,
    processes: u64,
    /// The first process that has not died.
    first_alive: u64,
}

/// That somebody is to be told of a question.
struct Notice {
    at: i64,
    times: u32,
    teller: Option<u64>,
}

struct Run {
    summary: Summary,
    place: Option<String>,
    links: Vec<Link>,
    timers: BTreeMap<Timer, i64>,
    questions: BTreeMap<GateId, Question>,
    untold: BTreeMap<GateId, Notice>,
    owner: Option<u64>,
    epoch: i64,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// The same store, as the next process finds it after this one died: nobody drives its runs.
    pub fn reopened(&self) -> Memory {
        let mut kept = self.kept();
        kept.processes += 1;
        let process = kept.processes;
        kept.first_alive = process;
        for run in kept.runs.values_mut() {
            run.owner = None;
        }
        Memory { kept: Arc::clone(&self.kept), process }
    }

    /// The same store, opened by another process while this one lives.
    pub fn beside(&self) -> Memory {
        let mut kept = self.kept();
        kept.processes += 1;
        Memory { kept: Arc::clone(&self.kept), process: kept.processes }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn done<'a, T: Send + 'a>(value: T) -> Later<'a, Result<T, Error>> {
    Box::pin(ready(Ok(value)))
}

impl Run {
    fn apply(&mut self, commit: Commit) {
        self.summary.updated = commit.at;
        self.summary.entries += u64::from(commit.link.is_some());
        self.links.extend(commit.link);
        self.summary.status = commit.status.unwrap_or(self.summary.status);
        self.timers.extend(commit.armed);
        if commit.notifies {
            let notice = || Notice { at: commit.at, times: 0, teller: None };
            self.untold.extend(commit.asked.iter().map(|question| (question.gate.clone(), notice())));
        }
        self.questions.extend(commit.asked.into_iter().map(|question| (question.gate.clone(), question)));
        for timer in &commit.disarmed {
            self.timers.remove(timer);
        }
        for gate in &commit.settled {
            self.questions.remove(gate);
            self.untold.remove(gate);
        }
        if commit.release {
            self.owner = None;
        }
    }
}

impl Store for Memory {
    fn keep_plan<'a>(&'a self, digest: &'a str, document: &'a str) -> Later<'a, Result<(), Error>> {
        self.kept().plans.insert(digest.to_owned(), document.to_owned());
        done(())
    }

    fn plan<'a>(&'a self, digest: &'a str) -> Later<'a, Result<Option<String>, Error>> {
        done(self.kept().plans.get(digest).cloned())
    }

    fn create(&self, new: NewRun) -> Later<'_, Result<Created, Error>> {
        let mut kept = self.kept();
        if let Some(key) = &new.key {
            if let Some(run) = kept.keys.get(key) {
                return done(Created::Existing(run.clone()));
            }
            kept.keys.insert(key.clone(), new.run.clone());
        }
        let summary = Summary {
            run: new.run.clone(),
            workflow: new.workflow,
            plan: new.plan,
            status: Status::Pending,
            created: new.commit.at,
            updated: new.commit.at,
            entries: 0,
        };
        let mut run = Run {
            summary,
            place: new.place,
            links: Vec::new(),
            timers: BTreeMap::new(),
            questions: BTreeMap::new(),
            untold: BTreeMap::new(),
            owner: Some(self.process),
            epoch: 1,
        };
        run.apply(new.commit);
        kept.runs.insert(new.run, run);
        done(Created::New(1))
    }

    fn commit(&self, commit: Commit) -> Later<'_, Result<(), Error>> {
        let mut kept = self.kept();
        let applied = match kept.runs.get_mut(&commit.run) {
            Some(run)
                if run.owner == Some(self.process)
                    && run.epoch == commit.epoch
                    && run.summary.entries == commit.after =>
            {
                run.apply(commit);
                Ok(())
            }
            Some(_) => Err(Error::Conflict(format!("run `{}` is driven by another process", commit.run))),
            None => Err(Error::NoRun(commit.run)),
        };
        Box::pin(ready(applied))
    }

    fn claim<'a>(&'a self, run: &'a str) -> Later<'a, Result<Claim, Error>> {
        done(match self.kept().runs.get_mut(run) {
            None => Claim::NoRun,
            Some(run) if run.owner.is_some_and(|owner| owner != self.process) => Claim::Owned,
            Some(run) => {
                run.owner = Some(self.process);
                run.epoch += 1;
                Claim::Mine(run.epoch)
            }
        })
    }

    fn release<'a>(&'a self, run: &'a str, epoch: i64) -> Later<'a, Result<(), Error>> {
        if let Some(run) = self.kept().runs.get_mut(run).filter(|run| run.epoch == epoch) {
            run.owner = None;
        }
        done(())
    }

    fn journal<'a>(&'a self, run: &'a str) -> Later<'a, Result<Vec<Link>, Error>> {
        done(self.kept().runs.get(run).map(|run| run.links.clone()).unwrap_or_default())
    }

    fn place<'a>(&'a self, run: &'a str) -> Later<'a, Result<Option<String>, Error>> {
        done(self.kept().runs.get(run).and_then(|run| run.place.clone()))
    }

    fn runs<'a>(&'a self, states: &'a [Status], limit: u32) -> Later<'a, Result<Vec<Summary>, Error>> {
        let kept = self.kept();
        let wanted = |summary: &&Summary| states.is_empty() || states.contains(&summary.status);
        let mut runs: Vec<Summary> = kept.runs.values().map(|run| &run.summary).filter(wanted).cloned().collect();
        runs.sort_by(|a, b| (b.created, &b.run).cmp(&(a.created, &a.run)));
        runs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        done(runs)
    }

    fn timers(&self, before: i64) -> Later<'_, Result<Vec<Due>, Error>> {
        let kept = self.kept();
        let of = |(name, run): (&String, &Run)| {
            let due = |(timer, at): (&Timer, &i64)| Due { at: *at, run: name.clone(), timer: timer.clone() };
            run.timers.iter().map(due).collect::<Vec<_>>()
        };
        let mut timers: Vec<_> = kept.runs.iter().flat_map(of).filter(|due| due.at < before).collect();
        timers.sort();
        done(timers)
    }

    fn questions(&self) -> Later<'_, Result<Vec<Waiting>, Error>> {
        let kept = self.kept();
        let of = |(run, kept): (&String, &Run)| {
            let waiting = |question: &Question| Waiting { run: run.clone(), question: question.clone() };
            kept.questions.values().map(waiting).collect::<Vec<_>>()
        };
        done(kept.runs.iter().flat_map(of).collect())
    }

    fn has_untold<'a>(&'a self, run: Option<&'a str>) -> Later<'a, Result<bool, Error>> {
        let kept = self.kept();
        let mut wanted = kept.runs.iter().filter(|(name, _)| run.is_none_or(|run| run == *name));
        done(wanted.any(|(_, run)| !run.untold.is_empty()))
    }

    fn next_untold(&self) -> Later<'_, Result<Option<i64>, Error>> {
        done(self.kept().runs.values().flat_map(|run| run.untold.values()).map(|notice| notice.at).min())
    }

    fn take_untold(&self, now: i64, until: i64, limit: u32) -> Later<'_, Result<Vec<Untold>, Error>> {
        let mut kept = self.kept();
        let due = |(name, run): (&String, &Run)| {
            let due = run.untold.iter().filter(|(_, notice)| notice.at <= now);
            due.map(|(gate, notice)| (notice.at, name.clone(), gate.clone())).collect::<Vec<_>>()
        };
        let mut due: Vec<_> = kept.runs.iter().flat_map(due).collect();
        due.sort();
        let mut taken = Vec::new();
        for (_, name, gate) in due.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)) {
            let Some(run) = kept.runs.get_mut(&name) else { continue };
            let (Some(notice), Some(question)) = (run.untold.get_mut(&gate), run.questions.get(&gate).cloned()) else {
                continue;
            };
            let (Summary { workflow, plan, .. }, place) = (run.summary.clone(), run.place.clone());
            taken.push(Untold { run: name, workflow, plan, place, question, times: notice.times });
            *notice = Notice { at: until, times: notice.times.saturating_add(1), teller: Some(self.process) };
        }
        done(taken)
    }

    fn inherit_untold(&self, now: i64) -> Later<'_, Result<(), Error>> {
        let mut kept = self.kept();
        let first_alive = kept.first_alive;
        for notice in kept.runs.values_mut().flat_map(|run| run.untold.values_mut()) {
            if notice.teller.is_some_and(|teller| teller < first_alive) {
                (notice.at, notice.teller) = (notice.at.min(now), None);
            }
        }
        done(())
    }

    fn told<'a>(&'a self, run: &'a str, gate: &'a GateId, again: Option<i64>) -> Later<'a, Result<(), Error>> {
        if let Some(run) = self.kept().runs.get_mut(run) {
            match again {
                None => drop(run.untold.remove(gate)),
                Some(again) => {
                    let notice = run.untold.get_mut(gate).filter(|notice| notice.teller == Some(self.process));
                    if let Some(notice) = notice {
                        notice.at = again;
                    }
                }
            }
        }
        done(())
    }

    fn post<'a>(&'a self, run: &'a str, event: &'a str) -> Later<'a, Result<i64, Error>> {
        let mut kept = self.kept();
        let id = kept.mail.last_key_value().map_or(1, |(id, _)| id + 1);
        kept.mail.insert(id, (run.to_owned(), event.to_owned(), None));
        done(id)
    }

    fn mail(&self) -> Later<'_, Result<Vec<Mail>, Error>> {
        let kept = self.kept();
        let own = |run: &str| kept.runs.get(run).is_some_and(|run| run.owner == Some(self.process));
        let open = kept.mail.iter().filter(|(_, (run, _, answer))| answer.is_none() && own(run));
        done(open.map(|(id, (run, event, _))| Mail { id: *id, run: run.clone(), event: event.clone() }).collect())
    }

    fn reply<'a>(&'a self, id: i64, answer: &'a str) -> Later<'a, Result<(), Error>> {
        if let Some(mail) = self.kept().mail.get_mut(&id) {
            mail.2 = Some(answer.to_owned());
        }
        done(())
    }

    fn answer(&self, id: i64) -> Later<'_, Result<Option<String>, Error>> {
        done(self.kept().mail.get(&id).and_then(|(_, _, answer)| answer.clone()))
    }
}
