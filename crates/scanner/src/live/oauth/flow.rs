//! The authorization code flow, step by step (RFC 6749 §4.1, RFC 7636 §4).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use url::Url;

use crate::api::{Method, SchemeKind};
use crate::live::Gap;
use crate::live::actor::Actor;
use crate::live::invent::Marker;
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::request::{Origin, Presented, Request, escape};
use crate::live::scan::Scan;
use crate::live::token::key::on_target;
use crate::order::{OAuthClient, Placement};
use crate::secret::Secret;

/// Where the two endpoints are, as paths of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub authorization: String,
    pub token: String,
    /// Scopes that the document or the metadata knows.
    pub scopes: Vec<String>,
}

impl Server {
    /// What the document says, or else the metadata (RFC 8414 §2).
    pub fn find(scan: &Scan<'_>, metadata: Option<&Value>) -> Option<Self> {
        let flows = scan.document.schemes.iter().filter_map(|scheme| match &scheme.kind {
            SchemeKind::OAuth { flows } => Some(flows),
            _ => None,
        });
        let mut flows = flows.flatten().filter(|flow| flow.name == "authorizationCode");
        let described = flows.next().and_then(|flow| {
            Some(Self {
                authorization: on_target(scan, flow.authorization_url?)?,
                token: on_target(scan, flow.token_url?)?,
                scopes: flow.scopes.iter().map(|(scope, _)| (*scope).to_owned()).collect(),
            })
        });
        let served = || {
            let metadata = metadata?;
            let place = |name: &str| on_target(scan, metadata.get(name)?.as_str()?);
            let scopes = metadata.get("scopes_supported").and_then(Value::as_array);
            let scopes = scopes.into_iter().flatten().filter_map(Value::as_str);
            Some(Self {
                authorization: place("authorization_endpoint")?,
                token: place("token_endpoint")?,
                scopes: scopes.map(str::to_owned).collect(),
            })
        };
        described.or_else(served)
    }
}

/// A signed-in user, a client, and the server between them.
pub struct Session<'s, 'a> {
    pub scan: &'s Scan<'a>,
    pub server: &'s Server,
    pub client: &'s OAuthClient,
    pub signed_in: Presented,
    /// The scan's own identities have their credentials from this server.
    pub by_code: bool,
}

/// How an authorization is asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    pub redirect_uri: String,
    pub state: String,
    pub challenge: Option<(String, &'static str)>,
    /// What proves later who asked.
    pub verifier: String,
}

impl Ask {
    /// As a careful client asks.
    pub fn careful(client: &OAuthClient) -> Self {
        let verifier = format!("{0}{1}{2}{3}", fresh(), fresh(), fresh(), fresh());
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        Self {
            redirect_uri: client.redirect_uri.clone(),
            state: fresh(),
            challenge: Some((challenge, "S256")),
            verifier,
        }
    }
}

/// How a code is redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof<'p> {
    Verifier(&'p str),
    Nothing,
}

/// Whether the client says who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    Genuine,
    WithoutSecret,
    WrongSecret,
}

/// An answer of the authorization endpoint.
pub struct Asked {
    pub reply: Reply,
    pub location: Option<Url>,
}

impl Asked {
    pub fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.location.as_ref()?.query_pairs();
        pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The code in it, if one was given.
    pub fn code(&self) -> Option<String> {
        self.parameter("code").filter(|code| !code.is_empty())
    }
}

impl Session<'_, '_> {
    /// Asks the authorization endpoint as the signed-in user.
    pub async fn ask(&self, ask: &Ask) -> Result<Asked, Gap> {
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", self.client.client_id.as_str()),
            ("redirect_uri", ask.redirect_uri.as_str()),
            ("state", ask.state.as_str()),
        ];
        if !self.client.scope.is_empty() {
            pairs.push(("scope", self.client.scope.as_str()));
        }
        if let Some((challenge, method)) = &ask.challenge {
            pairs.push(("code_challenge", challenge.as_str()));
            pairs.push(("code_challenge_method", method));
        }
        let path = format!("{}?{}", self.server.authorization, form(&pairs));
        let request = Request::get(path).with(Some(self.signed_in.clone()));
        let mut reply = self.send(&request).await?;
        let location = reply.header("location").and_then(|place| {
            let origin = Url::parse(&self.scan.client.target.origin()).ok()?;
            origin.join(place).ok()
        });
        let location = location.filter(|_| (300..400).contains(&reply.status));
        let asked = Asked { reply: reply.clone(), location };
        if let Some(code) = asked.code() {
            self.learn(&code, "$CODE");
            reply.exchange.response = Some(reply.shown(&self.scan.client.mask, None));
        }
        Ok(Asked { reply, ..asked })
    }

    /// Redeems a code at the token endpoint.
    pub async fn redeem(
        &self,
        code: &str,
        ask: &Ask,
        proof: Proof<'_>,
        identity: Identity,
    ) -> Result<Reply, Gap> {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", ask.redirect_uri.as_str()),
        ];
        if let Proof::Verifier(verifier) = proof {
            pairs.push(("code_verifier", verifier));
        }
        self.at_token(&pairs, identity).await
    }

    /// Sends a form to the token endpoint in the client's name. A secret goes into the header
    /// (RFC 6749 §2.3.1), and into the form where the header is refused.
    pub async fn at_token(&self, pairs: &[(&str, &str)], identity: Identity) -> Result<Reply, Gap> {
        let secret = match identity {
            Identity::Genuine => self.client.client_secret.as_ref().map(Secret::expose),
            Identity::WithoutSecret => None,
            Identity::WrongSecret => Some("portcullis-wrong-secret"),
        };
        let reply = self.form_at_token(pairs, secret, secret.is_some()).await?;
        let refused = reply.status == 401 && secret.is_some() && identity == Identity::Genuine;
        match refused {
            true => self.form_at_token(pairs, secret, false).await,
            false => Ok(reply),
        }
    }

    async fn form_at_token(
        &self,
        pairs: &[(&str, &str)],
        secret: Option<&str>,
        in_header: bool,
    ) -> Result<Reply, Gap> {
        let mut pairs = pairs.to_vec();
        let id = self.client.client_id.as_str();
        let mut headers =
            vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        match (secret, in_header) {
            (Some(secret), true) => {
                let pair = STANDARD.encode(format!("{}:{}", escape(id), escape(secret)));
                self.learn(&pair, "$CLIENT");
                headers.push(("Authorization".to_owned(), format!("Basic {pair}")));
            }
            (Some(secret), false) => pairs.extend([("client_id", id), ("client_secret", secret)]),
            (None, _) => pairs.push(("client_id", id)),
        }
        let request = Request {
            method: Method::Post,
            headers,
            body: Some(form(&pairs).into_bytes()),
            ..Request::get(self.server.token.clone())
        };
        let mut reply = self.send(&request).await?;
        for name in ["access_token", "refresh_token", "id_token"] {
            if let Some(token) = member(&reply, name) {
                self.learn(&token, "$GRANTED");
            }
        }
        reply.exchange.response = Some(reply.shown(&self.scan.client.mask, None));
        Ok(reply)
    }

    async fn send(&self, request: &Request) -> Result<Reply, Gap> {
        self.scan.send(request).await.map_err(|error| Gap::from(&error))
    }

    fn learn(&self, secret: &str, name: &str) {
        let secret = Secret::new(secret.to_owned());
        self.scan.client.mask.learn(&secret, name, &Placement::Bearer);
    }
}

/// A member of a JSON answer that is a text.
pub fn member(reply: &Reply, name: &str) -> Option<String> {
    reply.json()?.get(name)?.as_str().map(str::to_owned)
}

/// True if an answer of the token endpoint grants something.
pub fn grants(reply: &Reply) -> bool {
    reply.is_success() && !tells_of_error(reply) && member(reply, "access_token").is_some()
}

/// Asks for a code with this session, as the order's client.
pub async fn ask_as(scan: &Scan<'_>, signed_in: &Presented) -> Result<Asked, Gap> {
    let missing = || Gap::no_operation("the document describes no code flow");
    let client = scan.credentials.oauth.as_ref().ok_or_else(missing)?;
    let server = Server::find(scan, None).ok_or_else(missing)?;
    let session =
        Session { scan, server: &server, client, signed_in: signed_in.clone(), by_code: true };
    session.ask(&Ask::careful(client)).await
}

/// Gets an access token for somebody who is signed in, where the order has a client for it and the
/// login itself opened nothing. The session is kept beside it.
pub async fn complete(scan: &Scan<'_>, actor: &mut Actor) {
    let Some(client) = &scan.credentials.oauth else { return };
    let Some(server) = Server::find(scan, None).filter(|_| !actor.proven) else { return };
    let signed_in = actor.credential.clone();
    let session = Session { scan, server: &server, client, signed_in, by_code: true };
    let ask = Ask::careful(client);
    let Ok(asked) = session.ask(&ask).await else { return };
    let Some(code) = asked.code() else { return };
    let proof = Proof::Verifier(&ask.verifier);
    let Ok(reply) = session.redeem(&code, &ask, proof, Identity::Genuine).await else { return };
    let Some(token) = member(&reply, "access_token").filter(|_| grants(&reply)) else { return };
    let origin = actor.credential.origin;
    let mut credential = Presented::new(Secret::new(token), actor.who.variable(), origin);
    credential.placement = Some(Placement::Bearer);
    if origin == Origin::Genuine {
        scan.client.mask.learn(&credential.value, actor.who.variable(), &Placement::Bearer);
    }
    actor.session = Some(std::mem::replace(&mut actor.credential, credential));
    actor.identity = member(&reply, "id_token").map(Secret::new);
    actor.refresh = member(&reply, "refresh_token").map(Secret::new);
}

fn form(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{}={}", escape(name), escape(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn fresh() -> String {
    Marker::fresh().plain()
}
