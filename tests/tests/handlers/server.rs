//! An HTTP server on loopback that answers as a test says, and remembers what it was asked.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// What a test answers.
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    end: End,
}

enum End {
    Whole,
    /// Nothing is ever answered.
    Silent,
    /// The connection breaks in the middle of the body.
    Broken,
}

impl Answer {
    pub fn json(status: u16, body: Value) -> Answer {
        Answer::text(status, &body.to_string()).with("content-type", "application/json")
    }

    pub fn text(status: u16, body: &str) -> Answer {
        Answer::bytes(status, body.as_bytes())
    }

    pub fn bytes(status: u16, body: &[u8]) -> Answer {
        Answer { status, headers: Vec::new(), body: body.to_owned(), end: End::Whole }
    }

    pub fn redirect(status: u16, to: &str) -> Answer {
        Answer::text(status, "").with("location", to)
    }

    pub fn silence() -> Answer {
        Answer { end: End::Silent, ..Answer::text(200, "") }
    }

    pub fn broken() -> Answer {
        Answer { end: End::Broken, ..Answer::text(200, "{ \"a\":") }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Answer {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// The server; it ends with it.
pub struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    /// Starts a server that answers by this function of the request and of how many came before it.
    pub fn start(answer: impl Fn(&Seen, usize) -> Answer + Send + Sync + 'static) -> Server {
        Server::start_at(0, answer)
    }

    /// Starts one at this port; at any that is free for 0.
    pub fn start_at(port: u16, answer: impl Fn(&Seen, usize) -> Answer + Send + Sync + 'static) -> Server {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&seen));
        let router = Router::new().fallback(move |request: Request| {
            let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
            async move {
                let request = read(request).await;
                let before = {
                    let mut log = log.lock().unwrap();
                    log.push(request.clone());
                    log.len() - 1
                };
                respond(answer(&request, before)).await
            }
        });
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", port))).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Server { address, seen, _runtime: runtime }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What arrived so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn read(request: Request) -> Seen {
    let (parts, body) = request.into_parts();
    let bytes: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Seen {
        method: parts.method.to_string(),
        path: parts.uri.to_string(),
        headers: headers.collect(),
        body: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

async fn respond(answer: Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    let body = match answer.end {
        End::Whole => Body::from(answer.body),
        End::Silent => {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            Body::empty()
        }
        End::Broken => {
            response = response.header("content-length", answer.body.len() + 100);
            Body::from(answer.body)
        }
    };
    response.body(body).unwrap()
}
