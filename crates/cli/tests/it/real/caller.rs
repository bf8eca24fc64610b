//! Whoever holds a token and calls the gateway with it.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tokio::runtime::Runtime;

/// Calls below one base URL with one token.
pub struct Caller {
    base: String,
    pub token: String,
    http: Client,
    runtime: Runtime,
}

/// What came back, whole.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Caller {
    pub fn new(base: &str, token: &str) -> Caller {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Caller { base: base.to_owned(), token: token.to_owned(), http, runtime }
    }

    /// The same token at another base URL.
    pub fn at(&self, base: &str) -> Caller {
        Caller::new(base, &self.token)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, |call| call)
    }

    /// A call with the token as bearer, changed by `with`.
    pub fn call(
        &self,
        method: Method,
        path: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        self.bare(method, path, |call| with(call.bearer_auth(&self.token)))
    }

    /// A call with what `with` puts into it and nothing else.
    pub fn bare(
        &self,
        method: Method,
        path: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let request = with(self.http.request(method, format!("{}{path}", self.base)));
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            Answer { status, headers, body: answer.bytes().await.unwrap().to_vec() }
        })
    }

    /// The gateway follows the ledger within moments; until then a new token is unknown to it.
    pub fn until_known(self, path: &str) -> Caller {
        let known = async {
            let mut pause = tokio::time::interval(Duration::from_millis(50));
            loop {
                pause.tick().await;
                let call = self.http.get(format!("{}{path}", self.base));
                let answer = call.bearer_auth(&self.token).send().await.unwrap();
                if answer.status().as_u16() != 401 {
                    return;
                }
            }
        };
        let waited = self
            .runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(20), known).await });
        waited.expect("the gateway came to know the token");
        self
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{} is not JSON: {}", self.status, self.text()))
    }

    /// It is the gateway's refusal, with this status and code, and says this.
    #[track_caller]
    pub fn is_refused(&self, status: u16, code: &str, says: &str) {
        let problem = self.json();
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert_eq!((self.status, &problem["code"]), (status, &Value::from(code)), "{problem:#}");
        assert!(detail.contains(says), "{detail}");
    }
}
