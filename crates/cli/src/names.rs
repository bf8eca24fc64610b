//! What the server calls people, vendors and services. A help for readers; nothing rests on it.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::client::{Client, text};

/// Names by id.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Of all people and vendors, and of the services and tickets that there are.
    pub async fn of(client: &Client) -> Result<Names> {
        let mut names = BTreeMap::new();
        for item in client.all("/v1/people").await?.iter().chain(&client.list("/v1/vendors").await?)
        {
            names.insert(text(item, "id").to_owned(), text(item, "name").to_owned());
        }
        for ticket in client.all("/v1/tickets").await? {
            for field in ["id", "service"] {
                names.insert(text(&ticket, field).to_owned(), text(&ticket, "name").to_owned());
            }
        }
        Ok(Names(names))
    }

    pub fn get(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// `“name” id`, or the id alone.
    pub fn both(&self, id: impl ToString) -> String {
        let id = id.to_string();
        match self.get(&id) {
            Some(name) => format!("“{name}” {id}"),
            None => id,
        }
    }
}
