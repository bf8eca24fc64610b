//! Tokens, keys, the document: what needs no credential of a customer.

use axum::routing::on;

use super::{Answer, Method, Operation, Words, ok};
use crate::api::{authorize, leave, published, token};
use crate::scope::Access;

pub(super) static PUBLISHED: &[Operation] = &[
    Operation {
        id: "authorize",
        method: Method::Get,
        path: "/oauth/authorize",
        tag: "published",
        summary: "Ask a subject for an authorization code (RFC 6749 section 4.1.1)",
        notes: "The bearer token of the subject, or its client credentials as Basic \
            authentication, stand for the page on which a user signs in and agrees. A challenge \
            made with SHA-256 is always needed (RFC 7636). The redirect URI is compared character \
            by character",
        access: Access::Public,
        parameters: &[
            "responseType",
            "clientId",
            "redirectUri",
            "scope",
            "state",
            "codeChallenge",
            "codeChallengeMethod",
        ],
        body: None,
        answer: Answer {
            status: 303,
            meaning: "To the client, with `code` or `error`, and `state`",
            content: None,
        },
        refusals: &[400, 401],
        words: Words::OAuth,
        serve: |method| on(method, authorize::ask),
    },
    Operation {
        id: "issueToken",
        method: Method::Post,
        path: "/oauth/token",
        tag: "published",
        summary: "Exchange client credentials, a code or a refresh token for an access token",
        notes: "Client credentials: RFC 6749 section 4.4, without a refresh token. A code \
            (section 4.1.3) needs its redirect URI and its verifier (RFC 7636), and works once; \
            when it comes again, the tokens it led to end. A refresh token (section 6) works once \
            and is followed by the next; when it comes again, all of its family end",
        access: Access::Public,
        parameters: &[],
        body: Some(("application/x-www-form-urlencoded", "TokenRequest")),
        answer: ok("The access token", "TokenAnswer"),
        refusals: &[400, 401],
        words: Words::OAuth,
        serve: |method| on(method, token::issue),
    },
    Operation {
        id: "revokeToken",
        method: Method::Post,
        path: "/oauth/revoke",
        tag: "published",
        summary: "Revoke an access or a refresh token (RFC 7009)",
        notes: "Who holds a token may revoke it; a client that names itself revokes only its own. \
            A revoked access token is refused from then on",
        access: Access::Public,
        parameters: &[],
        body: Some(("application/x-www-form-urlencoded", "Revocation")),
        answer: Answer {
            status: 200,
            meaning: "The token, if it was one, is revoked",
            content: None,
        },
        refusals: &[400, 401],
        words: Words::OAuth,
        serve: |method| on(method, token::revoke),
    },
    Operation {
        id: "getKeySet",
        method: Method::Get,
        path: "/.well-known/jwks.json",
        tag: "published",
        summary: "Get the keys that verify access tokens (RFC 7517)",
        notes: "",
        access: Access::Public,
        parameters: &[],
        body: None,
        answer: ok("The key set", "KeySet"),
        refusals: &[],
        words: Words::Problem,
        serve: |method| on(method, published::key_set),
    },
    Operation {
        id: "getPublicKey",
        method: Method::Get,
        path: "/oauth/public-key.pem",
        tag: "published",
        summary: "Get the key that verifies access tokens, in PEM",
        notes: "",
        access: Access::Public,
        parameters: &[],
        body: None,
        answer: Answer {
            status: 200,
            meaning: "The public key",
            content: Some(("application/x-pem-file", "PublicKey")),
        },
        refusals: &[],
        words: Words::Problem,
        serve: |method| on(method, published::public_key),
    },
    Operation {
        id: "getDocument",
        method: Method::Get,
        path: "/openapi.json",
        tag: "published",
        summary: "Get this document",
        notes: "",
        access: Access::Public,
        parameters: &[],
        body: None,
        answer: ok("This document", "Document"),
        refusals: &[],
        words: Words::Problem,
        serve: |method| on(method, published::document),
    },
    Operation {
        id: "leave",
        method: Method::Get,
        path: "/v1/continue",
        tag: "published",
        summary: "Go on to another page of this site",
        notes: "Only paths of this site",
        access: Access::Public,
        parameters: &["to"],
        body: None,
        answer: Answer { status: 303, meaning: "To the page", content: None },
        refusals: &[],
        words: Words::Problem,
        serve: |method| on(method, leave::go),
    },
];
