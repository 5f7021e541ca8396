//! Threads that do what takes time, and a fault in which costs no more than what was asked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

/// Something to do on a worker.
type Job = Box<dyn FnOnce() + Send>;

/// A few threads that take up work in order.
#[derive(Debug)]
pub struct Workers {
    jobs: Sender<Job>,
}

impl Workers {
    /// So many threads, which end when this is dropped and their work is done.
    pub fn new(count: usize) -> Workers {
        let (jobs, taken) = unbounded::<Job>();
        for index in 0..count {
            let taken = taken.clone();
            // Deep expressions are walked by recursion.
            let builder = thread::Builder::new().name(format!("worker-{index}")).stack_size(64 << 20);
            // Where no thread is to be had, the others do the work.
            let _ = builder.spawn(move || work(&taken));
        }
        Workers { jobs }
    }

    /// Does something as soon as a thread is free.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) {
        // The threads live as long as this.
        let _ = self.jobs.send(Box::new(job));
    }
}

fn work(jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        // What a job is for is told by the job itself; here it only must not take the thread down.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// Whether somebody still wants an answer.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Nobody wants it any longer.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether nobody wants it any longer.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
