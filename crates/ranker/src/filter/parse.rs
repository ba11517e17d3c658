//! The grammar of expressions, by recursive descent.

use docent_domain::DomainError;
use winnow::{
    LocatingSlice, Parser,
    combinator::{alt, eof, opt, peek, separated},
    error::ErrMode,
    stream::Location,
    token::{one_of, take_while},
};

use super::{
    condition::{Condition, Field, Kind, Member},
    error::FilterError,
    lexer::{Fault, Input, Parsed, blanks, expect, fault, is_in_name, keyword, symbol},
    node::Node,
    value::{Order, Value, number, text, value},
};

/// Maximum length of an expression, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 4_000;
/// Maximum depth of nested brackets and `NOT`.
pub const MAX_DEPTH: usize = 32;

const FIELDS: &str = "NOT, a bracket or one of id, subjects, authors, source, language, published_at, quality and \
                      attributes.NAME";
const TOO_DEEP: &str = "at most 32 levels of brackets and NOT";
const CONTINUATION: &str = "AND, OR or the end";

/// Parses a filter.
pub(super) fn filter(text: &str) -> Result<Node, FilterError> {
    read("filter", text, |input| {
        let node = any_of(input, 0)?;
        expect(input, eof, CONTINUATION)?;
        Ok(node)
    })
}

/// Parses a boost into its expression and its factor.
pub(super) fn boost(text: &str) -> Result<(Node, f64), FilterError> {
    read("boost", text, |input| {
        let node = any_of(input, 0)?;
        expect(input, symbol("^"), "AND, OR or ^ and a factor")?;
        let factor = expect(input, number, "a factor from 0.1 to 10")?;
        expect(input, eof, "the end")?;
        Ok((node, factor))
    })
}

fn read<T>(
    field: &'static str,
    text: &str,
    parse: impl FnOnce(&mut Input<'_>) -> Parsed<T>,
) -> Result<T, FilterError> {
    if text.len() > MAX_EXPRESSION_BYTES {
        return Err(DomainError::TooLong { field, limit: MAX_EXPRESSION_BYTES, got: text.len() }.into());
    }
    let mut input = LocatingSlice::new(text);
    let parsed = blanks(&mut input).and_then(|()| parse(&mut input));
    parsed.map_err(|error| {
        let fault = match error {
            ErrMode::Backtrack(fault) | ErrMode::Cut(fault) => fault,
            ErrMode::Incomplete(_) => Fault { at: text.len(), expected: "more text" },
        };
        FilterError::at(field, text, fault.at, fault.expected)
    })
}

/// Reads operands joined by `OR`.
fn any_of(input: &mut Input<'_>, depth: usize) -> Parsed<Node> {
    let nodes: Vec<Node> =
        separated(1.., |input: &mut Input<'_>| all_of(input, depth), keyword("or")).parse_next(input)?;
    Ok(joined(nodes, Node::Any))
}

/// Reads operands joined by `AND`.
fn all_of(input: &mut Input<'_>, depth: usize) -> Parsed<Node> {
    let nodes: Vec<Node> =
        separated(1.., |input: &mut Input<'_>| operand(input, depth), keyword("and")).parse_next(input)?;
    Ok(joined(nodes, Node::All))
}

/// Joins several nodes by `join`; a single node needs no join.
fn joined(mut nodes: Vec<Node>, join: impl FnOnce(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(only) if nodes.is_empty() => only,
        last => join(nodes.into_iter().chain(last).collect()),
    }
}

/// Reads `NOT operand`, an expression in brackets, or a comparison.
fn operand(input: &mut Input<'_>, depth: usize) -> Parsed<Node> {
    let start = *input;
    let is_bracket = opt(symbol("(")).parse_next(input)?.is_some();
    if !is_bracket && opt(keyword("not")).parse_next(input)?.is_none() {
        return comparison(input).map(Node::Is);
    }
    if depth >= MAX_DEPTH {
        return fault(&start, TOO_DEEP);
    }
    if is_bracket {
        let node = any_of(input, depth + 1)?;
        expect(input, symbol(")"), "AND, OR or )")?;
        return Ok(node);
    }
    Ok(Node::Not(Box::new(operand(input, depth + 1)?)))
}

fn comparison(input: &mut Input<'_>) -> Parsed<Condition> {
    let field = field(input)?;
    let start = *input;
    let mut is_in = opt(alt((keyword("in").value(false), (keyword("not"), keyword("in")).value(true))));
    if let Some(negated) = is_in.parse_next(input)? {
        return Ok(Condition { members: members(input, &field)?, field, negated });
    }
    let mut operator = opt(alt((
        symbol("=").value((Order::Equal, false)),
        symbol("!=").value((Order::Equal, true)),
        symbol("<=").value((Order::AtMost, false)),
        symbol("<").value((Order::Less, false)),
        symbol(">=").value((Order::AtLeast, false)),
        symbol(">").value((Order::More, false)),
    )));
    let is_text = field.kind() == Kind::Text;
    let (order, negated) = match operator.parse_next(input)? {
        Some((order, _)) if is_text && order != Order::Equal => {
            return fault(&start, "=, !=, IN or NOT IN, because this field has no order");
        }
        None if is_text => return fault(&start, "=, !=, IN or NOT IN"),
        None => return fault(&start, "=, !=, <, <=, >, >=, IN or NOT IN"),
        Some(found) => found,
    };
    let start = *input;
    match value(input, &field)? {
        Value::Flag(_) if order != Order::Equal => fault(&start, "text in quotes or a number"),
        value => Ok(Condition { field, negated, members: vec![value.compared(order)] }),
    }
}

fn field(input: &mut Input<'_>) -> Parsed<Field> {
    let start = *input;
    let field = match take_while(0.., is_in_name).parse_next(input)? {
        "id" => Field::Id,
        "subjects" => Field::Subjects,
        "authors" => Field::Authors,
        "source" => Field::Source,
        "language" => Field::Language,
        "published_at" => Field::PublishedAt,
        "quality" => Field::Quality,
        "attributes" => Field::Attribute(path(input)?),
        _ => return fault(&start, FIELDS),
    };
    blanks(input)?;
    Ok(field)
}

/// Reads the names after `attributes` and joins them by dots.
fn path(input: &mut Input<'_>) -> Parsed<String> {
    let mut path = String::new();
    while opt('.').parse_next(input)?.is_some() {
        let start = *input;
        if !path.is_empty() {
            path.push('.');
        }
        let mut plain = opt(take_while(1.., |c: char| is_in_name(c) || c == '-'));
        match plain.parse_next(input)? {
            Some(name) => path.push_str(name),
            None => match opt(text).parse_next(input)? {
                Some(name) => path.push_str(&name),
                None => {
                    return fault(&start, "the name of an attribute, in quotes if it has special characters");
                }
            },
        }
    }
    if path.is_empty() { fault(input, "a dot and the name of an attribute") } else { Ok(path) }
}

/// Reads the members of `IN`: a list in brackets, or a range without brackets.
fn members(input: &mut Input<'_>, field: &Field) -> Parsed<Vec<Member>> {
    let start = *input;
    if opt(symbol("(")).parse_next(input)?.is_some() {
        let members = separated(
            1..,
            |input: &mut Input<'_>| member(input, field).map(|(member, _)| member),
            symbol(","),
        )
        .parse_next(input)?;
        expect(input, symbol(")"), "a comma or )")?;
        return Ok(members);
    }
    if field.kind() == Kind::Text {
        return fault(&start, "a list in brackets, as in (\"a\", \"b\")");
    }
    match member(input, field) {
        Ok((member, true)) => Ok(vec![member]),
        Err(ErrMode::Cut(found)) if found.at != start.current_token_start() => Err(ErrMode::Cut(found)),
        Ok((_, false)) | Err(ErrMode::Cut(_)) => {
            fault(&start, "a list in brackets or a range, as in (1, 2) or 1..2")
        }
        Err(error) => Err(error),
    }
}

/// Reads a value or a range. The flag is true for a range.
fn member(input: &mut Input<'_>, field: &Field) -> Parsed<(Member, bool)> {
    let low = match opt(peek("..")).parse_next(input)? {
        Some(_) => None,
        None => Some(value(input, field)?),
    };
    let dots = *input;
    let is_range = opt(symbol("..")).parse_next(input)?.is_some();
    if is_range && (field.kind() == Kind::Text || matches!(low, Some(Value::Flag(_)))) {
        return fault(&dots, "a comma or ), because values of this type have no ranges");
    }
    let end = *input;
    let has_high = is_range && opt(peek(one_of(starts_value))).parse_next(input)?.is_some();
    let high = if has_high { Some(value(input, field)?) } else { None };
    let member = match (low, high) {
        (Some(value), None) if !is_range => value.compared(Order::Equal),
        (Some(low), None) => low.compared(Order::AtLeast),
        (None, Some(Value::Flag(_)) | None) => return fault(&end, "the end of the range"),
        (None, Some(high)) => high.compared(Order::AtMost),
        (Some(low), Some(high)) => match low.up_to(high) {
            Ok(member) => member,
            Err(expected) => return fault(&end, expected),
        },
    };
    Ok((member, is_range))
}

fn starts_value(c: char) -> bool {
    c.is_ascii_digit() || "-\"'".contains(c)
}
