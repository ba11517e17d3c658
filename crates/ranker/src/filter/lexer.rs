//! Tokens of the language and the errors of reading them, below values and grammar.

use winnow::{
    LocatingSlice, Parser,
    ascii::multispace0,
    combinator::{opt, terminated},
    error::{ErrMode, ParserError},
    stream::Location,
    token::take_while,
};

pub(super) type Input<'a> = LocatingSlice<&'a str>;
pub(super) type Parsed<T> = Result<T, ErrMode<Fault>>;

/// A place in the text and a description of what is valid there.
#[derive(Debug)]
pub(super) struct Fault {
    /// Offset in bytes.
    pub at: usize,
    pub expected: &'static str,
}

impl<'a> ParserError<Input<'a>> for Fault {
    type Inner = Self;

    fn from_input(input: &Input<'a>) -> Self {
        Self { at: input.current_token_start(), expected: "a valid expression" }
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

/// Ends parsing with an error at the start of `at`; no alternative is tried.
pub(super) fn fault<T>(at: &Input<'_>, expected: &'static str) -> Parsed<T> {
    Err(ErrMode::Cut(Fault { at: at.current_token_start(), expected }))
}

/// Reads what `parser` does, or ends parsing with an error.
pub(super) fn expect<'a, T>(
    input: &mut Input<'a>,
    parser: impl Parser<Input<'a>, T, ErrMode<Fault>>,
    expected: &'static str,
) -> Parsed<T> {
    match opt(parser).parse_next(input)? {
        Some(found) => Ok(found),
        None => fault(input, expected),
    }
}

/// Reads what `parser` does and the blanks after it.
pub(super) fn token<'a, T>(
    parser: impl Parser<Input<'a>, T, ErrMode<Fault>>,
) -> impl Parser<Input<'a>, T, ErrMode<Fault>> {
    terminated(parser, multispace0)
}

pub(super) fn blanks(input: &mut Input<'_>) -> Parsed<()> {
    multispace0.void().parse_next(input)
}

pub(super) fn symbol<'a>(symbol: &'static str) -> impl Parser<Input<'a>, &'a str, ErrMode<Fault>> {
    token(symbol)
}

/// Reads a word in upper or lower case.
pub(super) fn keyword<'a>(name: &'static str) -> impl Parser<Input<'a>, &'a str, ErrMode<Fault>> {
    token(take_while(1.., is_in_name).verify(move |word: &str| word.eq_ignore_ascii_case(name)))
}

pub(super) fn is_in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
