//! Which operation a call is: the table compiled into a tree that is walked once per request.

use std::collections::BTreeMap;

use super::operations::{Method, Operations};
use super::raw_path::{self, Unmatchable};
use super::template::{Mixed, Segment, Template};

/// How many nodes and mixed segments one search may try. Documents in use need a few dozen; without
/// a bound, one that means harm could make every call walk all of its templates.
const MOST_CHOICES: u32 = 1_024;

/// A table of operations, ready to be asked for every call.
///
/// Segment by segment from the left, text beats a parameter: a literal, then a segment with the most
/// literal text, then a parameter, then a parameter that spans segments. Where that choice leads
/// nowhere for the method, the next one is tried, so an operation is found whenever one matches.
/// `HEAD` is its own operation, else the `GET` of the same template (RFC 9110 §9.3.2).
#[derive(Debug)]
pub struct Matcher {
    /// A tree, root first.
    nodes: Box<[Node]>,
}

/// An operation found: its place in `Operations::operations`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    pub operation: usize,
}

#[derive(Debug, Default)]
struct Node {
    /// Sorted by text.
    literals: Box<[(Box<str>, u32)]>,
    /// In the order of trying.
    mixed: Box<[(Mixed, u32)]>,
    single: Option<u32>,
    /// The operations that end here with a parameter over all that is left.
    rest: Endpoints,
    /// The operations that end here.
    here: Endpoints,
}

type Endpoints = Box<[(Method, u32)]>;

impl Matcher {
    /// Compiles a table.
    pub fn new(table: &Operations) -> Self {
        let mut root = Branch::default();
        for (place, operation) in (0_u32..).zip(table.operations()) {
            // INVARIANT: a table holds only templates that parse. One that did not would match
            // nothing, which denies.
            if let Ok(template) = Template::parse(&operation.path) {
                root.insert(template.segments, operation.method, place);
            }
        }
        let mut nodes = Vec::new();
        root.flatten_into(&mut nodes);
        Self { nodes: nodes.into_boxed_slice() }
    }

    /// The operation of a call. `path` is the raw path of the request, percent-encoded as received,
    /// without the upstream's base path and without the query. Allocates only if it has a `%`.
    ///
    /// # Errors
    /// The reason why the path is refused before any comparison, or `Undeclared`, or
    /// `TooManyChoices`.
    pub fn find(&self, method: Method, path: &str) -> Result<Match, Unmatchable> {
        let text = raw_path::decode(path)?;
        let unrooted = text.strip_prefix('/').ok_or(Unmatchable::NotRooted)?;
        let mut walk = Walk { nodes: &self.nodes, method, choices: MOST_CHOICES };
        let found = self.nodes.first().and_then(|root| walk.descend(root, unrooted));
        if walk.choices == 0 {
            return Err(Unmatchable::TooManyChoices);
        }
        let place = found.and_then(|place| usize::try_from(place).ok());
        place.map(|operation| Match { operation }).ok_or(Unmatchable::Undeclared)
    }
}

/// One search. `choices` is what is left of `MOST_CHOICES`; once it is nothing the answer is not
/// believed, because a choice that was not tried may have come first.
struct Walk<'m> {
    nodes: &'m [Node],
    method: Method,
    choices: u32,
}

impl Walk<'_> {
    /// Looks for `text`, the segments that are left, below `node`. As deep as the longest template.
    fn descend(&mut self, node: &Node, text: &str) -> Option<u32> {
        let (segment, left) = match text.split_once('/') {
            Some((segment, left)) => (segment, Some(left)),
            None => (text, None),
        };
        let literal = node.literals.binary_search_by(|(literal, _)| (**literal).cmp(segment));
        if let Some((_, child)) = literal.ok().and_then(|place| node.literals.get(place))
            && let Some(found) = self.enter(*child, left)
        {
            return Some(found);
        }
        if segment.is_empty() {
            return None;
        }
        for (mixed, child) in &node.mixed {
            self.choices = self.choices.checked_sub(1)?;
            if mixed.matches(segment)
                && let Some(found) = self.enter(*child, left)
            {
                return Some(found);
            }
        }
        if let Some(child) = node.single
            && let Some(found) = self.enter(child, left)
        {
            return Some(found);
        }
        if text.ends_with('/') { None } else { endpoint(&node.rest, self.method) }
    }

    fn enter(&mut self, child: u32, left: Option<&str>) -> Option<u32> {
        self.choices = self.choices.checked_sub(1)?;
        let node = self.nodes.get(usize::try_from(child).ok()?)?;
        match left {
            Some(left) => self.descend(node, left),
            None => endpoint(&node.here, self.method),
        }
    }
}

fn endpoint(endpoints: &Endpoints, method: Method) -> Option<u32> {
    let of = |wanted| {
        let found = endpoints.iter().find(|(method, _)| *method == wanted);
        found.map(|(_, operation)| *operation)
    };
    of(method).or_else(|| if method == Method::Head { of(Method::Get) } else { None })
}

/// A node while the tree is built; the order of `Segment` is the order of trying.
#[derive(Default)]
struct Branch {
    children: BTreeMap<Segment, Branch>,
    here: Vec<(Method, u32)>,
}

impl Branch {
    fn insert(&mut self, segments: Vec<Segment>, method: Method, operation: u32) {
        let mut branch = self;
        for segment in segments {
            branch = branch.children.entry(segment).or_default();
        }
        branch.here.push((method, operation));
    }

    /// Appends this branch and all below it; returns its place.
    fn flatten_into(self, nodes: &mut Vec<Node>) -> u32 {
        let place = nodes.len();
        nodes.push(Node::default());
        let mut node = Node { here: self.here.into_boxed_slice(), ..Node::default() };
        let (mut literals, mut mixed) = (Vec::new(), Vec::new());
        for (segment, branch) in self.children {
            match segment {
                Segment::Literal(text) => {
                    literals.push((text.into_boxed_str(), branch.flatten_into(nodes)));
                }
                Segment::Mixed(form) => mixed.push((form, branch.flatten_into(nodes))),
                Segment::Single => node.single = Some(branch.flatten_into(nodes)),
                Segment::Rest => node.rest = branch.here.into_boxed_slice(),
            }
        }
        node.literals = literals.into_boxed_slice();
        node.mixed = mixed.into_boxed_slice();
        if let Some(slot) = nodes.get_mut(place) {
            *slot = node;
        }
        // At most 64 nodes for each of 50,000 operations.
        u32::try_from(place).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests;
