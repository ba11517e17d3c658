//! Values of expressions: text in quotes, numbers, dates, true and false.

use std::ops::Bound;

use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use winnow::{
    Parser,
    ascii::digit1,
    combinator::{not, opt, terminated},
    token::{any, one_of, take_while},
};

use super::{
    condition::{Field, Kind, Member, Span, lower_case},
    lexer::{Input, Parsed, blanks, fault, is_in_name, keyword, token},
};

/// A value of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(f64),
    /// The first and the last instant of a year, a month or a day; an instant is both.
    Period(DateTime<Utc>, DateTime<Utc>),
    Flag(bool),
}

/// The order that a comparison asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// Reads a value of the type of `field`.
pub(super) fn value(input: &mut Input<'_>, field: &Field) -> Parsed<Value> {
    let start = *input;
    let read = match field.kind() {
        Kind::Text => opt(text.map(Value::Text)).parse_next(input)?,
        Kind::Number => opt(number.map(Value::Number)).parse_next(input)?,
        Kind::Date => opt(period.map(|(first, last)| Value::Period(first, last))).parse_next(input)?,
        Kind::Any => {
            if let Some(text) = opt(text).parse_next(input)? {
                Some(Value::Text(text))
            } else if let Some(number) = opt(number).parse_next(input)? {
                Some(Value::Number(number))
            } else if opt(keyword("true")).parse_next(input)?.is_some() {
                Some(Value::Flag(true))
            } else {
                opt(keyword("false")).parse_next(input)?.map(|_| Value::Flag(false))
            }
        }
    };
    match (read, field.kind()) {
        (Some(Value::Text(text)), _) if *field != Field::Id => Ok(Value::Text(lower_case(&text).collect())),
        (Some(read), _) => Ok(read),
        (None, Kind::Text) => fault(&start, "text in quotes"),
        (None, Kind::Number) => fault(&start, "a number"),
        (None, Kind::Date) => {
            fault(&start, "a date as in 2020, 2020-05, 2020-05-31 or 2020-05-31T09:30:00Z, without quotes")
        }
        (None, Kind::Any) => fault(&start, "text in quotes, a number, true or false"),
    }
}

/// Reads text in single or double quotes, in which a backslash escapes quotes and backslashes.
pub(super) fn text(input: &mut Input<'_>) -> Parsed<String> {
    let quote = one_of(['"', '\'']).parse_next(input)?;
    let mut text = String::new();
    loop {
        let start = *input;
        match opt(any).parse_next(input)? {
            None if quote == '"' => return fault(&start, "a closing \""),
            None => return fault(&start, "a closing '"),
            Some(c) if c == quote => break,
            Some('\\') => match opt(one_of(['"', '\'', '\\'])).parse_next(input)? {
                Some(escaped) => text.push(escaped),
                None => return fault(&start, "\\\", \\' or \\\\"),
            },
            Some(c) => text.push(c),
        }
    }
    blanks(input)?;
    Ok(text)
}

/// Reads a finite number that is not followed by a letter.
pub(super) fn number(input: &mut Input<'_>) -> Parsed<f64> {
    let exponent = (one_of(['e', 'E']), opt(one_of(['+', '-'])), digit1);
    let written = (opt('-'), digit1, opt(('.', digit1)), opt(exponent)).take();
    let alone = terminated(written, not(one_of(is_in_name)));
    let finite =
        alone.verify_map(|written: &str| written.parse().ok().filter(|number: &f64| number.is_finite()));
    token(finite).parse_next(input)
}

fn period(input: &mut Input<'_>) -> Parsed<(DateTime<Utc>, DateTime<Utc>)> {
    let written = (take_while(1.., is_in_time), opt(('.', take_while(1.., is_in_time)))).take();
    token(written.verify_map(period_of)).parse_next(input)
}

fn is_in_time(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-:+".contains(c)
}

fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// Parses `YYYY`, `YYYY-MM`, `YYYY-MM-DD` or an instant (RFC 3339).
fn period_of(written: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let (first, next) = match written.len() {
        4 => {
            let first = date(&format!("{written}-01-01"))?;
            (first, first.checked_add_months(Months::new(12))?)
        }
        7 => {
            let first = date(&format!("{written}-01"))?;
            (first, first.checked_add_months(Months::new(1))?)
        }
        10 => {
            let first = date(written)?;
            (first, first.checked_add_days(Days::new(1))?)
        }
        _ => {
            let instant = DateTime::parse_from_rfc3339(written).ok()?.with_timezone(&Utc);
            return Some((instant, instant));
        }
    };
    let [first, next] = [first, next].map(|date| date.and_time(NaiveTime::MIN).and_utc());
    Some((first, next.checked_sub_signed(TimeDelta::nanoseconds(1))?))
}

impl Value {
    /// Returns the values that compare as `order` with this one.
    pub(super) fn compared(self, order: Order) -> Member {
        match self {
            Self::Text(text) if order == Order::Equal => Member::Text(text),
            Self::Text(text) => Member::Texts(order.span(text.clone(), text)),
            Self::Number(number) => Member::Numbers(order.span(number, number)),
            Self::Period(first, last) => Member::Times(order.span(first, last)),
            Self::Flag(flag) => Member::Flag(flag),
        }
    }

    /// Returns the span from this value to `end`, both included. The error describes a valid end.
    pub(super) fn up_to(self, end: Self) -> Result<Member, &'static str> {
        match (self, end) {
            (Self::Text(start), Self::Text(end)) if start <= end => Ok(Member::Texts(closed(start, end))),
            (Self::Number(start), Self::Number(end)) if start <= end => {
                Ok(Member::Numbers(closed(start, end)))
            }
            (Self::Period(start, _), Self::Period(_, end)) if start <= end => {
                Ok(Member::Times(closed(start, end)))
            }
            (Self::Text(_), Self::Text(_))
            | (Self::Number(_), Self::Number(_))
            | (Self::Period(..), Self::Period(..)) => Err("an end that is not before the start"),
            (Self::Text(_), _) => Err("text in quotes, as before the dots"),
            _ => Err("a number, as before the dots"),
        }
    }
}

fn closed<T>(start: T, end: T) -> Span<T> {
    (Bound::Included(start), Bound::Included(end))
}

impl Order {
    /// Returns the values that compare as this order with the period from `first` to `last`. A
    /// single value is a period with equal ends.
    fn span<T>(self, first: T, last: T) -> Span<T> {
        match self {
            Self::Equal => closed(first, last),
            Self::Less => (Bound::Unbounded, Bound::Excluded(first)),
            Self::AtMost => (Bound::Unbounded, Bound::Included(last)),
            Self::More => (Bound::Excluded(last), Bound::Unbounded),
            Self::AtLeast => (Bound::Included(first), Bound::Unbounded),
        }
    }
}
