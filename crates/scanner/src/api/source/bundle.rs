//! Several files as one document, for whoever takes only one.

use serde_json::{Map, Value};

use super::{Files, joined};

/// Where the other files stand in the one document.
const KEY: &str = "x-files";

impl Files {
    /// The first file, with the others inside it and every reference led there. References that were
    /// not followed stay as they are.
    pub fn bundle(&self) -> Value {
        let Some(first) = self.list.first() else { return Value::Null };
        if self.list.len() == 1 {
            return first.root.clone();
        }
        let mut whole = first.root.clone();
        self.lead(&mut whole, 0);
        let others = self.list.iter().enumerate().skip(1).map(|(index, file)| {
            let mut root = file.root.clone();
            self.lead(&mut root, index);
            (index.to_string(), root)
        });
        let others: Map<String, Value> = others.collect();
        if let Some(members) = whole.as_object_mut() {
            members.insert(KEY.to_owned(), Value::Object(others));
        }
        whole
    }

    fn lead(&self, value: &mut Value, file: usize) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get_mut("$ref")
                    && let Some(led) = self.led(reference, file)
                {
                    *reference = led;
                }
                members.values_mut().for_each(|one| self.lead(one, file));
            }
            Value::Array(list) => list.iter_mut().for_each(|one| self.lead(one, file)),
            _ => {}
        }
    }

    fn led(&self, reference: &str, file: usize) -> Option<String> {
        let (name, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let file = match name {
            "" => file,
            name => self.find(&joined(&self.list.get(file)?.name, name))?,
        };
        Some(match file {
            0 => format!("#{fragment}"),
            other => format!("#/{KEY}/{other}{fragment}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_reference_leads_to_the_same_thing_as_before() {
        let fetch = |name: &str| match name {
            "b.json" => Ok(br##"{"x": {"$ref": "#/y"}, "y": {"$ref": "a.json#/z"}}"##.to_vec()),
            _ => Err("gone".to_owned()),
        };
        let first = br##"{"p": {"$ref": "b.json#/x"}, "q": {"$ref": "c.json#/x"}, "z": 7}"##;
        let files = Files::read("a.json", first.to_vec(), &fetch).expect("readable");
        let whole = files.bundle();
        assert_eq!(whole["p"], json!({"$ref": "#/x-files/1/x"}));
        assert_eq!(whole["q"], json!({"$ref": "c.json#/x"}));
        assert_eq!(
            whole["x-files"]["1"],
            json!({"x": {"$ref": "#/x-files/1/y"}, "y": {"$ref": "#/z"}})
        );
    }
}
