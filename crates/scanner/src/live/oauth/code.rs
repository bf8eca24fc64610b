//! Codes: redeemed once, with their verifier, by their client (RFC 6749 §4.1, RFC 7636, RFC 9700 §2.1.1).

use super::FLAW;
use super::flow::{Ask, Asked, Identity, Proof, Session, grants};
use crate::flaw::Flaw;
use crate::live::reply::Reply;
use crate::live::{Gap, Judgement};
use crate::report::{Exchange, Severity};

pub const REPLAYED: Flaw = FLAW;

pub const DOWNGRADE: Flaw = Flaw {
    id: "pkce-downgrade",
    title: "A code is redeemed without the verifier of its challenge",
    why: "PKCE is what makes a stolen code worthless; where it can be left out, it is.",
    fix: "Keep the challenge with the code and refuse the code without its verifier; refuse public \
          clients without a challenge (RFC 7636 §4.6, RFC 9700 §2.1.1 and §4.8.2).",
    cwe: 757,
    ..FLAW
};

pub const PLAIN: Flaw = Flaw {
    id: "pkce-plain-accepted",
    title: "The challenge method `plain` is accepted",
    severity: Severity::Low,
    why: "A challenge that is its own verifier protects nothing from who reads the request.",
    fix: "Accept S256 only (RFC 9700 §2.1.1).",
    ..DOWNGRADE
};

pub const CLIENT: Flaw = Flaw {
    id: "client-unauthenticated",
    title: "A code of a confidential client is redeemed without its secret",
    why: "Whoever has a code of this client gets its tokens.",
    fix: "Authenticate every client that has a secret at the token endpoint (RFC 6749 §3.2.1).",
    cwe: 306,
    ..FLAW
};

pub const STATE: Flaw = Flaw {
    id: "oauth-state-lost",
    title: "`state` does not come back as it was sent",
    severity: Severity::Medium,
    why: "A client cannot tell answers to its own requests from those that somebody else began.",
    fix: "Return `state` unchanged with every code and every error (RFC 6749 §4.1.2).",
    cwe: 352,
    ..FLAW
};

/// What the careful flow gave: the control of everything else.
pub struct Granted {
    pub asked: Asked,
    pub reply: Reply,
}

pub async fn look(session: &Session<'_, '_>, judgement: &mut Judgement) -> Result<Granted, Gap> {
    let careful = Ask::careful(session.client);
    let asked = session.ask(&careful).await?;
    let Some(code) = asked.code() else {
        let detail = format!(
            "the authorization endpoint answered {} without a code to the signed-in user",
            asked.reply.status
        );
        return Err(Gap::control_refused(&detail));
    };
    let proof = Proof::Verifier(&careful.verifier);
    let reply = session.redeem(&code, &careful, proof, Identity::Genuine).await?;
    if !grants(&reply) {
        let detail = format!("the token endpoint answered {} to a good code", reply.status);
        return Err(Gap::control_refused(&detail));
    }
    let kept = asked.parameter("state").as_deref() == Some(careful.state.as_str());
    judgement.value("oauth.state_kept", kept);
    if !kept {
        judgement.findings.push(STATE.found(None, vec![asked.reply.exchange.clone()]));
    }
    let granted = Granted { asked, reply };
    challenges(session, &granted, judgement).await?;
    identities(session, &granted, judgement).await?;
    // Last: what the code gave may be ended by this, as it should.
    let fresh = Ask::careful(session.client);
    if let Some(code) = session.ask(&fresh).await?.code() {
        let redeem = async || {
            let proof = Proof::Verifier(&fresh.verifier);
            session.redeem(&code, &fresh, proof, Identity::Genuine).await
        };
        let (first, again) = (redeem().await?, redeem().await?);
        if grants(&first) {
            let told = (&REPLAYED, "oauth.code_single_use");
            settle(told, grants(&again), "", &[&first, &again], judgement);
        }
    }
    Ok(granted)
}

/// Codes without, with another's and with a weaker proof.
async fn challenges(
    session: &Session<'_, '_>,
    granted: &Granted,
    judgement: &mut Judgement,
) -> Result<(), Gap> {
    let ask = Ask::careful(session.client);
    let other = Ask::careful(session.client).verifier;
    for (proof, what) in [
        (Proof::Nothing, "A code with a challenge was redeemed without a verifier."),
        (Proof::Verifier(&other), "A code was redeemed with another verifier."),
    ] {
        let Some(code) = session.ask(&ask).await?.code() else { continue };
        let reply = session.redeem(&code, &ask, proof, Identity::Genuine).await?;
        let told = (&DOWNGRADE, "oauth.pkce_enforced");
        settle(told, grants(&reply), what, &[&granted.reply, &reply], judgement);
    }
    let none = Ask { challenge: None, ..Ask::careful(session.client) };
    let asked = session.ask(&none).await?;
    let reply = match asked.code() {
        Some(code) => Some(session.redeem(&code, &none, Proof::Nothing, Identity::Genuine).await?),
        None => None,
    };
    let taken = reply.as_ref().is_some_and(grants);
    judgement.value("oauth.pkce_required", !taken);
    // A client with a secret may do without (RFC 9700 §2.1.1).
    if let (Some(reply), true, true) = (&reply, taken, session.client.client_secret.is_none()) {
        let told = (&DOWNGRADE, "oauth.pkce_enforced");
        let what = "A public client got a code without a challenge.";
        settle(told, true, what, &[&asked.reply, reply], judgement);
    }
    let mut plain = Ask::careful(session.client);
    plain.challenge = Some((plain.verifier.clone(), "plain"));
    let asked = session.ask(&plain).await?;
    let reply = match asked.code() {
        Some(code) => {
            let proof = Proof::Verifier(&plain.verifier);
            Some(session.redeem(&code, &plain, proof, Identity::Genuine).await?)
        }
        None => None,
    };
    let taken = reply.as_ref().is_some_and(grants);
    let shown: Vec<_> = [Some(&asked.reply), reply.as_ref()].into_iter().flatten().collect();
    settle((&PLAIN, "oauth.plain_refused"), taken, "", &shown, judgement);
    Ok(())
}

async fn identities(
    session: &Session<'_, '_>,
    granted: &Granted,
    judgement: &mut Judgement,
) -> Result<(), Gap> {
    if session.client.client_secret.is_none() {
        return Ok(());
    }
    for (identity, what) in [
        (Identity::WithoutSecret, "The secret was left out."),
        (Identity::WrongSecret, "The secret was wrong."),
    ] {
        let ask = Ask::careful(session.client);
        let Some(code) = session.ask(&ask).await?.code() else { continue };
        let reply = session.redeem(&code, &ask, Proof::Verifier(&ask.verifier), identity).await?;
        let told = (&CLIENT, "oauth.client_authenticated");
        settle(told, grants(&reply), what, &[&granted.reply, &reply], judgement);
    }
    Ok(())
}

/// Enters a value once; what was taken although it should not, is found.
pub fn settle(
    (flaw, name): (&Flaw, &'static str),
    taken: bool,
    what: &str,
    shown: &[&Reply],
    judgement: &mut Judgement,
) {
    if !taken {
        judgement.values.entry(name).or_insert(true.into());
        return;
    }
    let known = judgement.values.insert(name, false.into()) == Some(false.into());
    if known && judgement.findings.iter().any(|one| one.flaw == flaw.id) {
        return;
    }
    let evidence: Vec<Exchange> = shown.iter().map(|reply| reply.exchange.clone()).collect();
    let mut finding = flaw.found(None, evidence);
    finding.why = format!("{} {what}", finding.why).trim_end().to_owned();
    judgement.findings.push(finding);
}
