//! One running scan: what every check shares, above all the answers that serve several of them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::api::{Api, Operation};
use crate::live::Gap;
use crate::live::actor::{Actor, Actors, Who};
use crate::live::budget::Spent;
use crate::live::call::{self, Fill, call};
use crate::live::certificate::Certificate;
use crate::live::client::{Client, WireError};
use crate::live::likeness::{leads_to_login, tells_of_error};
use crate::live::reply::Reply;
use crate::live::request::{Origin, Presented, Request};
use crate::live::world::World;
use crate::order::{Credentials, Intensity, Order, Placement};
use crate::secret::Secret;

/// How long a `Retry-After` is obeyed at most, and how often.
const MOST_PATIENT: Duration = Duration::from_secs(12);
const RETRIES: usize = 2;
/// Candidates that are tried before giving up on finding a guarded operation.
const CANDIDATES: usize = 12;
/// What is presented where a credential must be wrong. It looks like none of any vendor.
const GARBAGE: &str = "portcullis-invalid-credential";

/// How an operation is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Face {
    /// With the valid credential; only for operations that only read.
    Control,
    /// Without any credential.
    Anonymous,
    /// With a credential that nobody issued.
    Garbage,
}

type Answered = Result<Arc<Reply>, WireError>;

/// What a check needs in order to look.
pub struct Scan<'a> {
    pub document: Api<'a>,
    pub credentials: &'a Credentials,
    pub client: Client,
    /// What the target's certificate says; an error says why it is not known; `None` is plain HTTP.
    pub certificate: Option<Result<Certificate, String>>,
    /// Seconds since 1970, when the scan started.
    pub now: i64,
    pub plaintext_port: Option<u16>,
    pub intensity: Intensity,
    actors: Actors,
    world: OnceCell<World>,
    seen: std::sync::Mutex<HashMap<(usize, Face), Answered>>,
}

/// An operation that was seen to need the credential, with the answers that prove it.
#[derive(Debug, Clone)]
pub struct Guarded {
    pub operation: String,
    /// The request with the valid credential; 2xx came back.
    pub request: Request,
    pub control: Arc<Reply>,
    /// What came back without any credential.
    pub anonymous: Arc<Reply>,
}

impl<'a> Scan<'a> {
    pub fn new(
        document: Api<'a>,
        order: &'a Order,
        client: Client,
        certificate: Option<Result<Certificate, String>>,
        now: i64,
    ) -> Self {
        Self {
            document,
            credentials: &order.credentials,
            client,
            certificate,
            now,
            plaintext_port: order.plaintext_port,
            intensity: order.intensity,
            actors: Actors::default(),
            world: OnceCell::new(),
            seen: std::sync::Mutex::default(),
        }
    }

    /// A's valid credential: the order's, or what logging in gave.
    pub fn genuine(&self) -> Option<Presented> {
        Some(self.actors.known(Who::A)?.credential.clone())
    }

    /// Somebody who may call; `None` if there is no such identity. The first to ask for it logs in.
    pub async fn actor(&self, who: Who) -> Option<&Actor> {
        self.actors.get(self, who).await
    }

    /// The credential of somebody; none of [`Who::Nobody`] and of whom there is not.
    pub async fn credential(&self, who: Who) -> Option<Presented> {
        Some(self.actor(who).await?.credential.clone())
    }

    /// What was learned of the API. The first to ask for it learns.
    pub async fn world(&self) -> &World {
        self.world.get_or_init(|| Box::pin(World::learn(self))).await
    }

    /// What was learned, if a check before this one had it learned: for those that gain from it and
    /// would not send half of the scan's requests for it.
    pub fn known_world(&self) -> Option<&World> {
        self.world.get()
    }

    /// A credential of the right form that nobody issued.
    pub fn garbage(&self) -> Presented {
        let text = match self.client.placement() {
            Placement::Basic => format!("{GARBAGE}:{GARBAGE}"),
            _ => GARBAGE.to_owned(),
        };
        Presented::new(Secret::new(text.clone()), text, Origin::Invented)
    }

    /// A credential that looks like A's and that nobody issued: the same beginning and form, other
    /// letters. `None` for tokens that prove themselves, and where there is nothing to look like.
    pub fn lookalike(&self) -> Option<Presented> {
        let genuine = self.genuine()?;
        let text = genuine.value.expose();
        if text.split('.').count() == 3 || self.client.placement() == Placement::Basic {
            return None;
        }
        let start = text.rfind(['_', '-', '.', ' ', ':']).map_or(0, |at| at + 1);
        let (kept, rest) = text.split_at(start);
        if rest.len() < 6 {
            return None;
        }
        let other = |one: char| match one {
            '0'..='8' => char::from(one as u8 + 1),
            '9' => '0',
            'a'..='e' | 'A'..='E' | 'g'..='y' | 'G'..='Y' => char::from(one as u8 + 1),
            'f' => 'a',
            'F' => 'A',
            'z' => 'g',
            'Z' => 'G',
            other => other,
        };
        let value = Secret::new(format!("{kept}{}", rest.chars().map(other).collect::<String>()));
        Some(Presented::new(value, "$A-with-other-letters", Origin::Derived))
    }

    /// Asks an operation, once: later checks get the same answer.
    ///
    /// # Errors
    /// See [`WireError`]; `Withheld` also for a control that cannot be sent at all.
    pub async fn look(&self, index: usize, face: Face) -> Answered {
        let known = {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.get(&(index, face)).cloned()
        };
        if let Some(answer) = known {
            return answer;
        }
        let answer = match self.request(index, face).await {
            Some(request) => self.send(&request).await.map(Arc::new),
            None => Err(WireError::Withheld("the order holds no valid credential".to_owned())),
        };
        // What ran out stays out, but a control that met the end says nothing about the operation.
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((index, face), answer.clone());
        answer
    }

    /// Sends a request; when told to wait (429, or 503 with `Retry-After`), waits and tries again.
    ///
    /// # Errors
    /// See [`WireError`].
    pub async fn send(&self, request: &Request) -> Result<Reply, WireError> {
        let mut reply = self.client.send(request).await?;
        for _ in 0..RETRIES {
            let Some(wait) = asked_to_wait(&reply) else { break };
            self.client.budget.pause(wait).await?;
            reply = self.client.send(request).await?;
        }
        Ok(reply)
    }

    /// Sends a request whose answer may fail to come: only what ends the scan is an error then.
    ///
    /// # Errors
    /// Requests or time are used up, or the credential may not be sent.
    pub async fn answer(&self, request: &Request) -> Result<Option<Reply>, Gap> {
        match self.send(request).await {
            Ok(reply) => Ok(Some(reply)),
            Err(error) if error.is_final() => Err(Gap::from(&error)),
            Err(_) => Ok(None),
        }
    }

    /// Finds an operation that the valid credential opens and that is closed without it. Such an
    /// operation is the only ground on which credentials can be compared.
    ///
    /// # Errors
    /// The reason why there is none.
    pub async fn guarded(&self) -> Result<Guarded, Gap> {
        if self.genuine().is_none() {
            return Err(Gap::no_credential());
        }
        let mut tried = 0;
        for (index, operation) in self.by_plainness() {
            if tried == CANDIDATES {
                break;
            }
            tried += 1;
            match self.guard_of(index, operation).await {
                Ok(Some(guarded)) => return Ok(guarded),
                Ok(None) => {}
                Err(error) => return Err(Gap::from(&error)),
            }
        }
        if tried == 0 {
            return Err(Gap::no_operation(
                "no documented operation reads and asks for a credential",
            ));
        }
        let detail = format!(
            "of {tried} operations none was opened by the valid credential and closed without it"
        );
        Err(Gap::control_refused(&detail))
    }

    /// Operations that read and are not public, those without path parameters first.
    pub fn by_plainness(&self) -> Vec<(usize, &Operation<'a>)> {
        let all = self.document.operations.iter().enumerate();
        let mut found: Vec<_> =
            all.filter(|(_, one)| one.method.is_safe() && !one.is_public()).collect();
        found.sort_by_key(|(_, one)| (one.is_templated(), one.path.len()));
        found
    }

    /// The request of an operation with this face; none for a control without a credential.
    pub async fn request(&self, index: usize, face: Face) -> Option<Request> {
        let operation = self.document.operations.get(index)?;
        let credential = match face {
            Face::Anonymous => None,
            Face::Garbage => Some(self.garbage()),
            Face::Control => Some(self.genuine()?),
        };
        let case = self.world.get().and_then(|world| world.case(index, Who::A));
        if let Some(case) = case.filter(|_| operation.method.is_safe()) {
            return Some(case.bare(self, &[]).with(credential));
        }
        let fill = Fill { path: self.harvested(operation).await, body: None };
        Some(self.call(operation, &fill).with(credential))
    }

    /// The request of an operation with these values and no credential.
    pub fn call(&self, operation: &Operation<'a>, fill: &Fill) -> Request {
        call(&self.document, operation, &self.client.target, &self.client.placement(), fill)
    }

    /// The request of an operation with exactly these values and no credential.
    pub fn written(&self, operation: &Operation<'_>, inputs: &call::Inputs) -> Request {
        call::written(operation, &self.client.target, &self.client.placement(), inputs)
    }

    /// The identities, whether they were asked for or not.
    pub fn actors(&self) -> &Actors {
        &self.actors
    }

    /// Takes away what the scan created, as far as the document describes how.
    pub async fn clean_up(&self) {
        if let Some(world) = self.world.get() {
            world.clean_up(self).await;
        }
    }

    async fn guard_of(
        &self,
        index: usize,
        operation: &Operation<'a>,
    ) -> Result<Option<Guarded>, WireError> {
        let control = match self.look(index, Face::Control).await {
            Ok(reply) => reply,
            Err(error) if error.is_final() => return Err(error),
            Err(_) => return Ok(None),
        };
        if !control.is_success() || tells_of_error(&control) || control.cut.is_some() {
            return Ok(None);
        }
        let anonymous = match self.look(index, Face::Anonymous).await {
            Ok(reply) => reply,
            Err(error) if error.is_final() => return Err(error),
            Err(_) => return Ok(None),
        };
        let closed = matches!(anonymous.status, 401 | 403)
            || leads_to_login(&anonymous)
            || (anonymous.is_success() && tells_of_error(&anonymous));
        let Some(request) = self.request(index, Face::Control).await.filter(|_| closed) else {
            return Ok(None);
        };
        Ok(Some(Guarded { operation: operation.label(), request, control, anonymous }))
    }

    /// Real ids for the first path parameter, from the collection that lists them, where the
    /// document gives no example of its own.
    async fn harvested(&self, operation: &Operation<'a>) -> Vec<(String, String)> {
        let Some(name) = call::unstated(&self.document, operation).first().copied() else {
            return Vec::new();
        };
        let Some(path) = call::collection(operation) else { return Vec::new() };
        let list = self.document.operations.iter().position(|one| {
            one.method.is_safe() && one.path.trim_end_matches('/') == path && !one.is_templated()
        });
        let (Some(list), Some(_)) = (list, self.genuine()) else {
            return Vec::new();
        };
        // The collection has no parameter, so this does not come back here.
        let answer = Box::pin(self.look(list, Face::Control)).await;
        let listed = answer.ok().filter(|reply| reply.is_success()).and_then(|reply| reply.json());
        let id = listed.and_then(|value| call::harvest(&value, name));
        id.map(|id| (name.to_owned(), id)).into_iter().collect()
    }
}

/// How long the server asks us to wait, if it does and we are willing.
pub fn asked_to_wait(reply: &Reply) -> Option<Duration> {
    let after = reply.header("retry-after").and_then(|text| text.trim().parse::<u64>().ok());
    let wait = match (reply.status, after) {
        (429 | 503, Some(seconds)) => Duration::from_secs(seconds.max(1)),
        (429, None) => Duration::from_secs(1),
        _ => return None,
    };
    (wait <= MOST_PATIENT).then_some(wait)
}

impl WireError {
    /// True if nothing that follows could do better.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Spent(Spent::Requests | Spent::Time) | Self::Withheld(_))
    }
}
