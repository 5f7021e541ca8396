//! The one thread that owns the state: it takes what the client says, hands requests to workers, and sends what they and the
//! prover come to.

mod dispatch;
mod documents;
mod outgoing;
mod proving;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use gen_lsp_types as lsp;
use lsp_server::{Connection, Message, Notification, ReqQueue, Request, RequestId, Response};

use crate::capabilities::{self, Client};
use crate::features::diagnostics;
use crate::proofs;
use crate::workers::{Cancel, Workers};
use crate::world::{World, place_of};

/// How the server is run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The program that proves, with its arguments; without one, nothing is proved.
    pub prover: Option<(PathBuf, Vec<String>)>,
    /// How long nothing must change before proofs begin.
    pub pause: Duration,
}

/// Serves one client until it says `exit`.
///
/// # Errors
///
/// If the client breaks the protocol, or goes away without `exit`.
pub fn run(connection: &Connection, options: Options) -> Result<(), String> {
    let (id, params) = connection.initialize_start().map_err(|error| error.to_string())?;
    let params: lsp::InitializeParams = serde_json::from_value(params).map_err(|error| error.to_string())?;
    let client = Client::of(&params);
    let result = lsp::InitializeResult {
        capabilities: capabilities::announced(&client, options.prover.is_some()),
        server_info: Some(lsp::ServerInfo::new("gov".to_owned(), Some(env!("CARGO_PKG_VERSION").to_owned()))),
    };
    let result = serde_json::to_value(result).map_err(|error| error.to_string())?;
    connection.initialize_finish(id, result).map_err(|error| error.to_string())?;
    let mut server = Server::new(connection, client, capabilities::folders(&params), options);
    server.begin();
    server.serve()
}

/// What reaches the owner of the state beside the client's messages.
enum Event {
    /// A worker has an answer.
    Answered(Response),
    /// The findings of a world, by file.
    Diagnosed(u64, Vec<diagnostics::OfFile>),
    /// The prover has something to say.
    Proved(proofs::Event),
}

struct Server<'c> {
    connection: &'c Connection,
    client: Arc<Client>,
    options: Options,
    /// From where paths are shown.
    current: PathBuf,
    folders: Vec<PathBuf>,
    world: Arc<World>,
    /// Counts the worlds: what was computed for an older one is dropped.
    revision: u64,
    newest: Arc<AtomicU64>,
    queue: ReqQueue<Cancel, Asked>,
    workers: Workers,
    /// Checks one world after the other, and takes them apart: what a thread frees it has at hand for the next.
    checker: Workers,
    events: (Sender<Event>, Receiver<Event>),
    /// What the client was last told about each file, and for which version.
    published: HashMap<lsp::Uri, (Option<i32>, Vec<lsp::Diagnostic>)>,
    proving: proving::Proving,
    is_shut_down: bool,
}

/// What the client was asked.
enum Asked {
    /// Nothing whose answer matters.
    Nothing,
    /// Whether it shows the progress of a run of proofs.
    Progress(u64),
}

impl<'c> Server<'c> {
    fn new(connection: &'c Connection, client: Client, folders: Vec<PathBuf>, options: Options) -> Server<'c> {
        let client = Arc::new(client);
        let current = folders.first().cloned().unwrap_or_else(|| PathBuf::from("/"));
        let world = World { encoding: client.encoding, client: Arc::clone(&client), ..World::default() };
        let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 4);
        Server {
            connection,
            client,
            proving: proving::Proving::new(&options),
            options,
            current,
            folders,
            world: Arc::new(world),
            revision: 0,
            newest: Arc::new(AtomicU64::new(0)),
            queue: ReqQueue::default(),
            workers: Workers::new(threads),
            checker: Workers::new(1),
            events: unbounded(),
            published: HashMap::new(),
            is_shut_down: false,
        }
    }

    fn begin(&mut self) {
        self.watch_files();
        self.reload();
    }

    fn serve(&mut self) -> Result<(), String> {
        let (messages, events) = (self.connection.receiver.clone(), self.events.1.clone());
        loop {
            let wait = self
                .proving
                .due()
                .map_or(Duration::from_secs(3600), |due| due.saturating_duration_since(Instant::now()));
            select! {
                recv(messages) -> message => match message {
                    Ok(Message::Notification(note)) if note.method == "exit" => {
                        return if self.is_shut_down { Ok(()) } else { Err("the client left without `shutdown`".to_owned()) };
                    }
                    Ok(message) => self.message(message),
                    Err(_) => return Err("the client has gone away".to_owned()),
                },
                recv(events) -> event => if let Ok(event) = event { self.event(event) },
                default(wait) => self.prove(),
            }
        }
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Request(request) => self.request(request),
            Message::Notification(notification) => self.notification(notification),
            Message::Response(response) => {
                if let Some(Asked::Progress(run)) = self.queue.outgoing.complete(response.id)
                    && response.response_result.is_ok()
                {
                    self.progress_made(run);
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Answered(response) => {
                if self.queue.incoming.complete(&response.id).is_some() {
                    self.send(response.into());
                }
            }
            Event::Diagnosed(revision, files) => {
                if revision == self.revision {
                    self.publish(files);
                    self.proving.rest(self.options.pause);
                }
            }
            Event::Proved(event) => self.proved(event),
        }
    }

    fn request(&mut self, request: Request) {
        if request.method == "shutdown" {
            self.is_shut_down = true;
            self.stop_proving();
            return self.send(Response::new_ok(request.id, ()).into());
        }
        if self.is_shut_down {
            let code = lsp_server::ErrorCode::InvalidRequest as i32;
            return self.send(Response::new_err(request.id, code, "the server is shut down".to_owned()).into());
        }
        if request.method == "workspace/executeCommand" {
            return self.command(request);
        }
        self.note_focus(&request);
        let cancel = Cancel::default();
        self.queue.incoming.register(request.id.clone(), cancel.clone());
        let (world, events) = (Arc::clone(&self.world), self.events.0.clone());
        self.workers.run(move || {
            // Whoever asked has gone when nobody receives.
            let _ = events.send(Event::Answered(dispatch::answer(&world, request, &cancel)));
        });
    }

    fn notification(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            "$/cancelRequest" => {
                if let Ok(params) = serde_json::from_value::<lsp::CancelParams>(params) {
                    let id = match params.id {
                        lsp::Id::Int(id) => RequestId::from(id),
                        lsp::Id::String(id) => RequestId::from(id),
                    };
                    self.cancel(id);
                }
            }
            "window/workDoneProgress/cancel" => {
                if let Ok(params) = serde_json::from_value::<lsp::WorkDoneProgressCancelParams>(params) {
                    self.cancel_proofs(&params.token);
                }
            }
            _ => self.document(&method, params),
        }
    }

    /// Ends a request that nobody waits for. The worker may find out later; its answer is dropped.
    fn cancel(&mut self, id: RequestId) {
        if let Some(cancel) = self.queue.incoming.complete(&id) {
            cancel.cancel();
            let code = lsp_server::ErrorCode::RequestCanceled as i32;
            self.send(Response::new_err(id, code, "cancelled by the client".to_owned()).into());
        }
    }

    /// Takes a new world as the one that counts, and looks for what is wrong with it.
    fn renew(&mut self, world: World) {
        let before = std::mem::replace(&mut self.world, Arc::new(world));
        self.revision += 1;
        self.newest.store(self.revision, Ordering::Relaxed);
        self.stop_stale();
        self.proving.changed();
        self.diagnose();
        // To take a large package apart takes a while: nobody is kept waiting.
        self.checker.run(move || drop(before));
    }

    fn diagnose(&mut self) {
        let (world, events) = (Arc::clone(&self.world), self.events.0.clone());
        let (revision, newest) = (self.revision, Arc::clone(&self.newest));
        self.checker.run(move || {
            // Where more has been typed meanwhile, the later job says it all.
            if newest.load(Ordering::Relaxed) == revision {
                let found = diagnostics::of_world(&world);
                let _ = events.send(Event::Diagnosed(revision, found));
            }
        });
    }

    fn reload(&mut self) {
        let world = self.world.reload(&self.current, &self.folders);
        self.renew(world);
    }

    fn note_focus(&mut self, request: &Request) {
        let place =
            request.params.get("textDocument").and_then(|document| document.get("uri")).and_then(|uri| uri.as_str());
        let position = request.params.get("position").and_then(|at| serde_json::from_value(at.clone()).ok());
        if let (Some(uri), Some(position)) = (place, position) {
            self.proving.focus = Some((place_of(&lsp::Uri(uri.to_owned())), position));
        }
    }

    fn send(&self, message: Message) {
        // A client that has gone away is noticed where its messages are waited for.
        let _ = self.connection.sender.send(message);
    }
}
