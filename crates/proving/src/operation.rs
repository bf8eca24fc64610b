//! The table of everything that the vendor serves; router and document are both made from it.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::api::{account, customers, events, invoices, label, parcels, published, rates, token};
use crate::guard::guard;
use crate::input::BODY_BYTES;
use crate::problem::Problem;
use crate::scope::{Access, Scope};
use crate::site::Site;

/// One operation, complete: how it is reached, who may call it, what goes in and out.
pub(crate) struct Operation {
    pub id: &'static str,
    pub method: Method,
    pub path: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub access: Access,
    /// Names under `components/parameters`.
    pub parameters: &'static [&'static str],
    /// Media type, and name under `components/schemas`.
    pub body: Option<(&'static str, &'static str)>,
    pub answer: Answer,
    /// Whether the state of the resource can refuse the request (409).
    pub conflicts: bool,
    pub serve: fn(MethodFilter) -> MethodRouter<Arc<Site>>,
}

/// What a successful call gets.
pub(crate) struct Answer {
    pub status: u16,
    pub meaning: &'static str,
    /// Media type, and name under `components/schemas`; none for an answer without a body.
    pub content: Option<(&'static str, &'static str)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

impl Method {
    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }

    /// As OpenAPI names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

/// The router of one instance: every operation behind the guard, every answer with its headers.
pub(crate) fn router(site: &Arc<Site>) -> Router {
    let mut router = Router::new();
    for operation in OPERATIONS {
        let guarded = from_fn_with_state((Arc::clone(site), operation), guard);
        let served = (operation.serve)(operation.method.filter()).route_layer(guarded);
        router = router.route(operation.path, served);
    }
    router
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(map_response(protect))
        .with_state(Arc::clone(site))
}

/// The headers that every answer carries.
async fn protect(mut response: Response) -> Response {
    let headers: [(HeaderName, &'static str); 6] = [
        (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

const JSON: &str = "application/json";

const fn json(schema: &'static str) -> Option<(&'static str, &'static str)> {
    Some((JSON, schema))
}

const fn ok(meaning: &'static str, schema: &'static str) -> Answer {
    Answer { status: 200, meaning, content: json(schema) }
}

/// Every operation, grouped by noun.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation {
        id: "listParcels",
        method: Method::Get,
        path: "/v1/parcels",
        tag: "parcels",
        summary: "List the caller's parcels, ordered by id",
        access: Access::Customers(Scope::ParcelsRead),
        parameters: &["limit", "after", "status"],
        body: None,
        answer: ok("One page of parcels", "ParcelPage"),
        conflicts: false,
        serve: |method| on(method, parcels::list),
    },
    Operation {
        id: "createParcel",
        method: Method::Post,
        path: "/v1/parcels",
        tag: "parcels",
        summary: "Create a parcel",
        access: Access::Customers(Scope::ParcelsWrite),
        parameters: &[],
        body: json("NewParcel"),
        answer: Answer { status: 201, meaning: "The parcel", content: json("Parcel") },
        conflicts: true,
        serve: |method| on(method, parcels::create),
    },
    Operation {
        id: "getParcel",
        method: Method::Get,
        path: "/v1/parcels/{id}",
        tag: "parcels",
        summary: "Get one of the caller's parcels",
        access: Access::Customers(Scope::ParcelsRead),
        parameters: &["id"],
        body: None,
        answer: ok("The parcel", "Parcel"),
        conflicts: false,
        serve: |method| on(method, parcels::get),
    },
    Operation {
        id: "cancelParcel",
        method: Method::Post,
        path: "/v1/parcels/{id}/cancel",
        tag: "parcels",
        summary: "Cancel a parcel that has not left yet",
        access: Access::Customers(Scope::ParcelsWrite),
        parameters: &["id"],
        body: None,
        answer: ok("The cancelled parcel", "Parcel"),
        conflicts: true,
        serve: |method| on(method, parcels::cancel),
    },
    Operation {
        id: "getLabel",
        method: Method::Get,
        path: "/v1/parcels/{id}/label",
        tag: "parcels",
        summary: "Get the label to print",
        access: Access::Customers(Scope::ParcelsRead),
        parameters: &["id"],
        body: None,
        answer: Answer {
            status: 200,
            meaning: "The label, one A6 page",
            content: Some(("application/pdf", "Label")),
        },
        conflicts: false,
        serve: |method| on(method, label::get),
    },
    Operation {
        id: "streamEvents",
        method: Method::Get,
        path: "/v1/parcels/{id}/events",
        tag: "parcels",
        summary: "Follow a parcel: past events, then a heartbeat until the caller leaves",
        access: Access::Customers(Scope::ParcelsRead),
        parameters: &["id"],
        body: None,
        answer: Answer {
            status: 200,
            meaning: "Events named `tracking` and `heartbeat`, numbered from 1",
            content: Some(("text/event-stream", "EventStream")),
        },
        conflicts: false,
        serve: |method| on(method, events::stream),
    },
    Operation {
        id: "quoteRates",
        method: Method::Post,
        path: "/v1/rates",
        tag: "rates",
        summary: "Ask what a shipment would cost",
        access: Access::Customers(Scope::RatesRead),
        parameters: &[],
        body: json("Shipment"),
        answer: ok("One quote for each speed", "Quotes"),
        conflicts: false,
        serve: |method| on(method, rates::quote),
    },
    Operation {
        id: "getAccount",
        method: Method::Get,
        path: "/v1/account",
        tag: "account",
        summary: "Get the caller's account",
        access: Access::Customers(Scope::AccountRead),
        parameters: &[],
        body: None,
        answer: ok("The account", "Customer"),
        conflicts: false,
        serve: |method| on(method, account::get),
    },
    Operation {
        id: "changeAccount",
        method: Method::Patch,
        path: "/v1/account",
        tag: "account",
        summary: "Change the caller's name, e-mail address or telephone number",
        access: Access::Customers(Scope::AccountWrite),
        parameters: &[],
        body: json("AccountChange"),
        answer: ok("The account as it is now", "Customer"),
        conflicts: false,
        serve: |method| on(method, account::patch),
    },
    Operation {
        id: "listInvoices",
        method: Method::Get,
        path: "/v1/invoices",
        tag: "invoices",
        summary: "List the caller's invoices",
        access: Access::Customers(Scope::InvoicesRead),
        parameters: &[],
        body: None,
        answer: ok("The invoices", "InvoiceList"),
        conflicts: false,
        serve: |method| on(method, invoices::list),
    },
    Operation {
        id: "getInvoice",
        method: Method::Get,
        path: "/v1/invoices/{id}",
        tag: "invoices",
        summary: "Get one of the caller's invoices",
        access: Access::Customers(Scope::InvoicesRead),
        parameters: &["id"],
        body: None,
        answer: ok("The invoice", "Invoice"),
        conflicts: false,
        serve: |method| on(method, invoices::get),
    },
    Operation {
        id: "refundInvoice",
        method: Method::Post,
        path: "/v1/invoices/{id}/refund",
        tag: "invoices",
        summary: "Refund a part of an invoice; sensitive, because it moves money",
        access: Access::Customers(Scope::RefundsWrite),
        parameters: &["id"],
        body: json("Refund"),
        answer: ok("The invoice as it is now", "Invoice"),
        conflicts: true,
        serve: |method| on(method, invoices::refund),
    },
    Operation {
        id: "listCustomers",
        method: Method::Get,
        path: "/v1/admin/customers",
        tag: "customers",
        summary: "List all customers; administrators only",
        access: Access::Administrators(Scope::CustomersAdmin),
        parameters: &[],
        body: None,
        answer: ok("The customers", "CustomerList"),
        conflicts: false,
        serve: |method| on(method, customers::list),
    },
    Operation {
        id: "deleteCustomer",
        method: Method::Delete,
        path: "/v1/admin/customers/{id}",
        tag: "customers",
        summary: "Delete a customer with all parcels and invoices; administrators only",
        access: Access::Administrators(Scope::CustomersAdmin),
        parameters: &["id"],
        body: None,
        answer: Answer { status: 204, meaning: "The customer is gone", content: None },
        conflicts: false,
        serve: |method| on(method, customers::delete),
    },
    Operation {
        id: "issueToken",
        method: Method::Post,
        path: "/oauth/token",
        tag: "published",
        summary: "Exchange client credentials for an access token (RFC 6749 section 4.4)",
        access: Access::Public,
        parameters: &[],
        body: Some(("application/x-www-form-urlencoded", "TokenRequest")),
        answer: ok("The access token", "TokenAnswer"),
        conflicts: false,
        serve: |method| on(method, token::issue),
    },
    Operation {
        id: "getKeySet",
        method: Method::Get,
        path: "/.well-known/jwks.json",
        tag: "published",
        summary: "Get the keys that verify access tokens (RFC 7517)",
        access: Access::Public,
        parameters: &[],
        body: None,
        answer: ok("The key set", "KeySet"),
        conflicts: false,
        serve: |method| on(method, published::key_set),
    },
    Operation {
        id: "getDocument",
        method: Method::Get,
        path: "/openapi.json",
        tag: "published",
        summary: "Get this document",
        access: Access::Public,
        parameters: &[],
        body: None,
        answer: ok("This document", "Document"),
        conflicts: false,
        serve: |method| on(method, published::document),
    },
];
