//! Whether logging out, or revoking, ends the credential (RFC 7009 §2.2).

use std::time::Duration;

use serde_json::{Map, Value};

use super::{FLAW, Ground, refresh};
use crate::api::{Method, Operation};
use crate::flaw::Flaw;
use crate::live::actor::{Actor, Role, door_fields, role, visitor};
use crate::live::call::Inputs;
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::request::{Presented, Request};
use crate::live::{Gap, Judgement};

/// Doors out that are tried.
const MOST: usize = 3;
/// How long a service may take to tell all its parts.
const SETTLING: Duration = Duration::from_secs(2);

pub const LIVES_ON: Flaw = FLAW;

pub async fn look(ground: &Ground<'_, '_>, first: &Actor, judgement: &mut Judgement) {
    // Leaving a session at an authorization server need not end what was granted to a client.
    let of_server = first.session.is_some();
    let exits: Vec<_> = ground
        .scan
        .document
        .operations
        .iter()
        .filter(|one| is_exit(ground, one) && (!of_server || is_of_one_token(ground, one)))
        .collect();
    let mut last = None;
    let mut spent: Vec<Presented> = Vec::new();
    for operation in exits.into_iter().take(MOST) {
        let others: Vec<_> = spent.iter().collect();
        let actor = match ground.fresh(&others).await {
            Ok(actor) => actor,
            Err(gap) => {
                judgement.gaps.push(gap);
                return;
            }
        };
        spent.push(actor.credential.clone());
        match leave(ground, operation, &actor).await {
            Ok(left) => {
                judge(ground, operation, &actor, left, judgement).await;
                last = None;
                break;
            }
            Err(gap) => last = Some(gap),
        }
    }
    judgement.gaps.extend(last);
}

/// What logging out answered, and what the credential was worth before and after.
struct Left {
    before: Reply,
    exit: Reply,
    after: Reply,
}

async fn leave(
    ground: &Ground<'_, '_>,
    operation: &Operation<'_>,
    actor: &Actor,
) -> Result<Left, Gap> {
    let before = ground.ask(&actor.credential).await?;
    if !ground.opens(&before) {
        return Err(Gap::control_refused("a fresh login did not open the guarded operation"));
    }
    let request = goodbye(ground, operation, actor);
    let exit = ground.scan.send(&request).await.map_err(|error| Gap::from(&error))?;
    let exit = visitor::discreet(ground.scan, exit);
    if exit.status >= 400 || tells_of_error(&exit) {
        let detail = format!("`{}` answered {} to logging out", operation.label(), exit.status);
        return Err(Gap::control_refused(&detail));
    }
    let mut after = ground.ask(&actor.credential).await?;
    if ground.opens(&after) {
        let budget = &ground.scan.client.budget;
        budget.pause(SETTLING).await.map_err(|spent| Gap::from(&spent.into()))?;
        after = ground.ask(&actor.credential).await?;
    }
    Ok(Left { before, exit, after })
}

async fn judge(
    ground: &Ground<'_, '_>,
    operation: &Operation<'_>,
    actor: &Actor,
    left: Left,
    judgement: &mut Judgement,
) {
    let lives = ground.opens(&left.after);
    judgement.value("lifecycle.ended_by_logout", !lives);
    let exchanges = [&left.before, &left.exit, &left.after].map(|one| one.exchange.clone());
    if lives {
        let evidence = exchanges.to_vec();
        judgement.findings.push(LIVES_ON.found(Some(operation.label()), evidence));
    }
    // Revoking one access token need not end what it was made from (RFC 7009 §2.1).
    let of_one = actor.session.is_some() || is_of_one_token(ground, operation);
    let Some(token) = actor.refresh.as_ref().filter(|_| !of_one) else {
        return;
    };
    let works = refresh::works(ground, token).await;
    judgement.value("lifecycle.refresh_ended_by_logout", works.is_none());
    // Where the credential lives on, that is said already.
    if let Some(reply) = works.filter(|_| !lives) {
        let [_, exit, _] = exchanges;
        let evidence = vec![exit, reply.exchange.clone()];
        judgement.findings.push(refresh::LIVES_ON.found(Some(operation.label()), evidence));
    }
}

/// True for an operation that is told which token to end.
fn is_of_one_token(ground: &Ground<'_, '_>, operation: &Operation<'_>) -> bool {
    let fields = door_fields(&ground.scan.document, operation);
    fields.iter().any(|name| name == "token" || name == "token_type_hint")
}

/// True for an operation that ends the session of whoever calls it, as far as its words tell.
fn is_exit(ground: &Ground<'_, '_>, operation: &Operation<'_>) -> bool {
    let document = &ground.scan.document;
    if role(document, operation) != Role::LogOut || operation.is_templated() {
        return false;
    }
    let path = operation.path.to_ascii_lowercase();
    let all = ["all", "everywhere", "others"].iter().any(|word| path.ends_with(word));
    let session = [
        "logout", "log-out", "signout", "sign-out", "logoff", "session", "token", "oauth", "auth",
        "leave",
    ];
    let revoking = path.ends_with("/revoke") || path.ends_with("/invalidate");
    let of_token = door_fields(document, operation).iter().any(|name| name.contains("token"));
    !all && (session.iter().any(|word| path.contains(word)) || (revoking && of_token))
}

/// The request that ends this login, with everything in it that names it.
fn goodbye(ground: &Ground<'_, '_>, operation: &Operation<'_>, actor: &Actor) -> Request {
    let scan = ground.scan;
    let mut inputs = Inputs::of_document(&scan.document, operation);
    let mut body = Map::new();
    let bare = bare(&actor.credential);
    for name in door_fields(&scan.document, operation) {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let value = match plain.to_ascii_lowercase().as_str() {
            "refreshtoken" | "refresh" => actor.refresh.as_ref().map(|one| one.expose().to_owned()),
            "token" | "accesstoken" | "session" | "sessionid" | "sid" => Some(bare.clone()),
            "tokentypehint" => Some("access_token".to_owned()),
            _ => None,
        };
        let Some(value) = value else { continue };
        let elsewhere = operation.parameters.iter().any(|one| one.name == name);
        match elsewhere {
            true => inputs.query.push((name, value)),
            false => {
                body.insert(name, Value::from(value));
            }
        }
    }
    if operation.method != Method::Get && !body.is_empty() {
        inputs.body = Some(Value::Object(body));
    }
    let client = scan.credentials.oauth.as_ref().filter(|_| actor.session.is_some());
    let Some(client) = client else {
        return scan.written(operation, &inputs).with(Some(actor.credential.clone()));
    };
    // The client says who it is, as at the token endpoint (RFC 7009 §2.1).
    let mut more =
        Map::from_iter([("client_id".to_owned(), Value::from(client.client_id.as_str()))]);
    if let Some(secret) = &client.client_secret {
        more.insert("client_secret".to_owned(), Value::from(secret.expose()));
    }
    if let Some(Value::Object(body)) = &mut inputs.body {
        body.extend(more);
    }
    scan.written(operation, &inputs)
}

/// The credential without what stands before it in its header.
fn bare(credential: &Presented) -> String {
    let text = credential.value.expose();
    text.rsplit(' ').next().unwrap_or(text).to_owned()
}
