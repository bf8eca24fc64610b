//! What an operation asks of its caller: a scope, and for some the administrator's role.

use serde::{Deserialize, Serialize};

/// A scope of an access token (RFC 6749 §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    ParcelsRead,
    ParcelsWrite,
    RatesRead,
    AccountRead,
    AccountWrite,
    InvoicesRead,
    RefundsWrite,
    CustomersAdmin,
}

impl Scope {
    pub(crate) const ALL: &'static [Self] = &[
        Self::ParcelsRead,
        Self::ParcelsWrite,
        Self::RatesRead,
        Self::AccountRead,
        Self::AccountWrite,
        Self::InvoicesRead,
        Self::RefundsWrite,
        Self::CustomersAdmin,
    ];

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::ParcelsRead => "parcels:read",
            Self::ParcelsWrite => "parcels:write",
            Self::RatesRead => "rates:read",
            Self::AccountRead => "account:read",
            Self::AccountWrite => "account:write",
            Self::InvoicesRead => "invoices:read",
            Self::RefundsWrite => "refunds:write",
            Self::CustomersAdmin => "customers:admin",
        }
    }

    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::ParcelsRead => "Read parcels, their labels and their tracking events",
            Self::ParcelsWrite => "Create, change, cancel and delete parcels",
            Self::RatesRead => "Ask what a shipment costs",
            Self::AccountRead => "Read the account",
            Self::AccountWrite => "Change the account's name, e-mail address and telephone number",
            Self::InvoicesRead => "Read invoices",
            Self::RefundsWrite => "Refund invoices; sensitive, because it moves money",
            Self::CustomersAdmin => "List and delete customers; administrators only",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.code() == code)
    }

    /// What a customer who is no administrator may ask for.
    pub(crate) fn of_customers() -> Vec<Self> {
        Self::ALL.iter().copied().filter(|scope| *scope != Self::CustomersAdmin).collect()
    }
}

/// The codes of these scopes, as a token lists them.
pub(crate) fn written(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.code()).collect::<Vec<_>>().join(" ")
}

/// What a customer is to the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    Customer,
    Administrator,
}

impl Role {
    /// What someone of this role may ask for.
    pub(crate) fn scopes(self) -> Vec<Scope> {
        match self {
            Self::Customer => Scope::of_customers(),
            Self::Administrator => Scope::ALL.to_vec(),
        }
    }
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Public,
    Customers(Scope),
    Administrators(Scope),
}

/// On whose behalf a call is made, established by `guard` and by nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principal {
    pub customer: String,
    pub role: Role,
    pub scopes: Vec<Scope>,
}
