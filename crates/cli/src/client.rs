//! The client of the HTTP API that every verb uses.

mod statement;

use anyhow::{Context as _, Result};
use control::api::Problem;
use domain::signature::LOGIN_NAMESPACE;
use reqwest::{Method, RequestBuilder, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::exit::No;
use crate::home::{Home, Session};
use crate::sign::Signer;

pub use statement::{Meant, Statement};

/// The server's no, with its problem details. Exit code 1.
#[derive(Debug)]
pub struct Refused(pub Problem);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.reasons.is_empty() {
            return f.write_str(&self.0.detail);
        }
        for (index, reason) in self.0.reasons.iter().enumerate() {
            let line = if index > 0 { "\n  " } else { "" };
            write!(f, "{line}{} [{}]", reason.message, reason.code)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

/// A connection to a server, with or without a session.
pub struct Client {
    http: reqwest::Client,
    /// Whose session it is, on which ledger.
    pub holder: Option<Holder>,
    session: Option<String>,
    pub url: Url,
}

/// Who is logged in, and the genesis that they believe in.
#[derive(Debug, Clone)]
pub struct Holder {
    pub genesis: String,
    pub person: String,
}

impl Client {
    pub fn new(url: &str, session: Option<String>) -> Result<Client> {
        let unreadable = || No::Usage(format!("`{url}` is not a URL"));
        let url = Url::parse(url).with_context(unreadable)?;
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Client { http, holder: None, session, url })
    }

    /// The client of the stored session.
    pub fn from_session(home: &Home) -> Result<Client> {
        let session = home.session()?;
        let none = || No::refused("no session; log in with `portcullis login`");
        let session = session.ok_or_else(none)?;
        let mut client = Client::new(&session.url, Some(session.session.clone()))?;
        let (genesis, person) = (session.genesis.clone(), session.person.clone());
        client.holder = Some(Holder { genesis, person });
        Ok(client)
    }

    /// Logs in by signing the server's challenge.
    pub async fn login(url: &str, signer: &Signer) -> Result<(Client, Session)> {
        let mut client = Client::new(url, None)?;
        let key = signer.public().fingerprint().to_string();
        let challenge: Value = client.post("/v1/login/challenge", &json!({ "key": key })).await?;
        let statement = text(&challenge, "statement");
        let origin = serde_json::from_str::<Value>(statement)?;
        let origin = text(&origin, "origin").trim_end_matches('/');
        if origin != client.url.as_str().trim_end_matches('/') {
            return Err(No::refused(format!(
                "the server says it is {origin}, you called {}; use its own address",
                client.url
            )));
        }
        let signature = signer.sign(LOGIN_NAMESPACE, statement.as_bytes())?;
        let answer = json!({
            "key": key,
            "nonce": text(&challenge, "nonce"),
            "signature": encode(&signature),
        });
        let opened: Value = client.post("/v1/login", &answer).await?;
        let head: Value = client.get("/v1/ledger").await?;
        let session = Session {
            genesis: text(&head, "genesis").to_owned(),
            expires: opened.get("expires").and_then(Value::as_u64).unwrap_or_default(),
            person: text(&opened, "person").to_owned(),
            session: text(&opened, "session").to_owned(),
            url: url.to_owned(),
        };
        client.session = Some(session.session.clone());
        let (genesis, person) = (session.genesis.clone(), session.person.clone());
        client.holder = Some(Holder { genesis, person });
        Ok((client, session))
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.send(Method::GET, path, None::<&()>).await
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// All items of a paged list.
    pub async fn all(&self, path: &str) -> Result<Vec<Value>> {
        let (mut items, mut after) = (Vec::new(), None::<String>);
        loop {
            let sign = if path.contains('?') { '&' } else { '?' };
            let cursor = after.map(|after| format!("&after={after}")).unwrap_or_default();
            let page: Value = self.get(&format!("{path}{sign}limit=200{cursor}")).await?;
            items.extend(page.get("items").and_then(Value::as_array).cloned().unwrap_or_default());
            after = page.get("next").and_then(Value::as_str).map(str::to_owned);
            if after.is_none() {
                return Ok(items);
            }
        }
    }

    /// All items of a list that is not paged.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>> {
        self.get(path).await
    }

    pub async fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let response = self.request(Method::GET, path)?.send().await?;
        let response = refused(response).await?;
        Ok(response.bytes().await?.to_vec())
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T> {
        let mut request = self.request(method.clone(), path)?;
        if let Some(body) = body {
            request = request.json(body);
        }
        if method != Method::GET {
            request = request.header("idempotency-key", uuid::Uuid::now_v7().to_string());
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("calling {}; is the server running?", self.url))?;
        let response = refused(response).await?;
        let bytes = response.bytes().await?;
        let bytes = if bytes.is_empty() { b"null".as_slice() } else { &bytes };
        serde_json::from_slice(bytes).with_context(|| format!("reading the answer of {path}"))
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        let request = self.http.request(method, self.url.join(path)?);
        Ok(match &self.session {
            Some(session) => request.bearer_auth(session),
            None => request,
        })
    }

    pub async fn statement(&self, wanted: &impl Serialize) -> Result<Statement> {
        self.post("/v1/statements", wanted).await
    }
}

async fn refused(response: reqwest::Response) -> Result<reqwest::Response> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let body = response.bytes().await?;
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) if status.as_u16() < 500 => Err(Refused(problem).into()),
        Ok(problem) => anyhow::bail!("{}: {}", problem.title, problem.detail),
        Err(_) => anyhow::bail!("the server answered {status}"),
    }
}

/// A text field of an answer; empty when it is missing.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Base 64 (RFC 4648 §4).
pub fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Reads base 64.
pub fn decode(text: &str) -> Result<Vec<u8>> {
    use base64::Engine as _;
    let read = base64::engine::general_purpose::STANDARD.decode(text);
    read.context("the server's answer is not base 64")
}
