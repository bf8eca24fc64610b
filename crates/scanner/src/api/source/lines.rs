//! Finds the lines of JSON Pointers (RFC 6901) in a file's text, in one pass for all of them.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser};

use super::{File, Syntax};

/// Pointers that are looked for in one file; [`Lines::find`] fills in where they stand.
#[derive(Debug, Default)]
pub struct Lines {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    line: u32,
    children: HashMap<String, usize>,
}

impl Lines {
    /// Looks for these pointers.
    pub fn find<'p>(file: &File, pointers: impl Iterator<Item = &'p str>) -> Self {
        let mut lines = Self { nodes: vec![Node::default()] };
        for pointer in pointers {
            lines.want(pointer);
        }
        match file.syntax {
            Syntax::Json => {
                Json { text: file.text.as_bytes(), at: 0, line: 1 }.value(&mut lines, Some(0))
            }
            Syntax::Yaml => yaml(&file.text, &mut lines),
        }
        lines
    }

    /// The line of a pointer that was looked for, or of the nearest place above it; 0 if unknown.
    pub fn of(&self, pointer: &str) -> u32 {
        let (mut node, mut line) = (0, 0);
        for part in parts(pointer) {
            let Some(here) = self.nodes.get(node) else { break };
            line = if here.line > 0 { here.line } else { line };
            match here.children.get(&part) {
                Some(next) => node = *next,
                None => return line,
            }
        }
        self.nodes.get(node).map(|node| node.line).filter(|found| *found > 0).unwrap_or(line)
    }

    fn want(&mut self, pointer: &str) {
        let mut at = 0;
        for part in parts(pointer) {
            let fresh = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else { return };
            at = *node.children.entry(part).or_insert(fresh);
            if at == fresh {
                self.nodes.push(Node::default());
            }
        }
    }

    fn child(&self, node: Option<usize>, key: &str) -> Option<usize> {
        self.nodes.get(node?)?.children.get(key).copied()
    }

    fn stands(&mut self, node: Option<usize>, line: u32) {
        if let Some(node) = node.and_then(|node| self.nodes.get_mut(node)) {
            node.line = line;
        }
    }
}

fn parts(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"))
}

/// A reader of JSON that is known to be well formed; it only counts lines and compares keys.
struct Json<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
}

impl Json<'_> {
    fn value(&mut self, lines: &mut Lines, node: Option<usize>) {
        self.space();
        if node == Some(0) {
            lines.stands(node, self.line);
        }
        match self.text.get(self.at) {
            Some(b'{') => self.members(lines, node),
            Some(b'[') => self.items(lines, node),
            Some(b'"') => drop(self.string()),
            _ => {
                while self.text.get(self.at).is_some_and(|byte| !b",]} \t\r\n".contains(byte)) {
                    self.at += 1;
                }
            }
        }
    }

    fn members(&mut self, lines: &mut Lines, node: Option<usize>) {
        self.at += 1;
        loop {
            self.space();
            match self.text.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b'"') => {
                    let line = self.line;
                    let key = self.string();
                    let child = node.and_then(|node| {
                        let key: String = serde_json::from_slice(key).ok()?;
                        lines.child(Some(node), &key)
                    });
                    lines.stands(child, line);
                    self.space();
                    self.at += 1;
                    self.value(lines, child);
                }
                _ => break,
            }
        }
        self.at += 1;
    }

    fn items(&mut self, lines: &mut Lines, node: Option<usize>) {
        self.at += 1;
        let mut index = 0;
        loop {
            self.space();
            match self.text.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b']') | None => break,
                Some(_) => {
                    let child = node.and_then(|node| lines.child(Some(node), &index.to_string()));
                    lines.stands(child, self.line);
                    self.value(lines, child);
                    index += 1;
                }
            }
        }
        self.at += 1;
    }

    /// The string that begins here, its quotes included.
    fn string(&mut self) -> &[u8] {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.text.get(self.at) {
            self.at += if *byte == b'\\' { 2 } else { 1 };
            if *byte == b'"' {
                break;
            }
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn space(&mut self) {
        while let Some(byte) = self.text.get(self.at).filter(|byte| byte.is_ascii_whitespace()) {
            self.line += u32::from(*byte == b'\n');
            self.at += 1;
        }
    }
}

/// A YAML collection that is still open: its node, and where in it we are.
enum Open {
    List(Option<usize>, usize),
    Map(Option<usize>, Option<Option<usize>>),
}

fn yaml(text: &str, lines: &mut Lines) {
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { return };
        let line = u32::try_from(span.start.line()).unwrap_or(0);
        match event {
            Event::DocumentEnd => return,
            Event::SequenceEnd | Event::MappingEnd => drop(open.pop()),
            Event::Scalar(text, ..) => drop(enter(&mut open, lines, line, Some(&text))),
            Event::Alias(_) => drop(enter(&mut open, lines, line, None)),
            Event::SequenceStart(..) => {
                let node = enter(&mut open, lines, line, None);
                open.push(Open::List(node, 0));
            }
            Event::MappingStart(..) => {
                let node = enter(&mut open, lines, line, None);
                open.push(Open::Map(node, None));
            }
            _ => {}
        }
    }
}

/// The node of the value that begins here; a key leads to its value's node.
fn enter(open: &mut [Open], lines: &mut Lines, line: u32, text: Option<&str>) -> Option<usize> {
    match open.last_mut() {
        None => {
            lines.stands(Some(0), line);
            Some(0)
        }
        Some(Open::List(node, index)) => {
            let child = lines.child(*node, &index.to_string());
            *index += 1;
            lines.stands(child, line);
            child
        }
        Some(Open::Map(node, key @ None)) => {
            let child = text.and_then(|text| lines.child(*node, text));
            lines.stands(child, line);
            *key = Some(child);
            None
        }
        Some(Open::Map(_, key)) => key.take().flatten(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, pointers: &[&str]) -> Vec<u32> {
        let file = File::read("a", text.as_bytes().to_vec()).expect("readable");
        let found = Lines::find(&file, pointers.iter().copied());
        pointers.iter().map(|pointer| found.of(pointer)).collect()
    }

    #[test]
    fn lines_of_json() {
        let text = "{\n \"a\": {\"b/c\": [1,\n  {\"d\\u0065\": true}\n ]},\n \"e\": \"}\\\"\",\n \"f\": null\n}";
        let wanted = ["", "/a", "/a/b~1c", "/a/b~1c/1", "/a/b~1c/1/de", "/e", "/f"];
        assert_eq!(lines(text, &wanted), [1, 2, 2, 3, 3, 5, 6]);
    }

    #[test]
    fn lines_of_yaml() {
        let text = "a:\n  b/c:\n    - 1\n    - de: true\ne: &x\n  - {f: 1}\ng: *x\nh: 2\n";
        let wanted = ["/a", "/a/b~1c", "/a/b~1c/1", "/a/b~1c/1/de", "/e/0/f", "/g", "/h"];
        assert_eq!(lines(text, &wanted), [1, 2, 4, 4, 6, 7, 8]);
    }

    #[test]
    fn a_place_that_is_not_there_is_at_the_nearest_above() {
        assert_eq!(lines("{\n\"a\":\n{}}", &["/a/b/c", "/x"]), [2, 1]);
    }
}
