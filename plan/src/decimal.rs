//! Exact decimal numbers of 28 digits: 18 before the point and 10 after it.
//!
//! Fixed point, because every operation is then exact or a defined failure, and because a solver sees the very same numbers
//! as integers: there is no rounding anywhere that the proofs would have to know about.

use std::fmt;
use std::str::FromStr;

/// The digits after the point.
pub const SCALE: u32 = 10;

const ONE: i128 = 10_i128.pow(SCALE);
const LIMIT: i128 = 10_i128.pow(28);

/// An exact number with 18 digits before the point and 10 after it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(i128);

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal(0);

    /// The largest number; its negation is the smallest.
    pub const MAX: Decimal = Decimal(LIMIT - 1);

    /// The number of 10⁻¹⁰ths that a number is: how a solver sees it.
    pub fn units(self) -> i128 {
        self.0
    }

    /// The number that is so many 10⁻¹⁰ths; `None` outside the range.
    pub fn from_units(units: i128) -> Option<Decimal> {
        (-LIMIT < units && units < LIMIT).then_some(Decimal(units))
    }

    /// A whole number; `None` outside the range.
    pub fn from_int(int: i64) -> Option<Decimal> {
        Decimal::from_units(i128::from(int) * ONE)
    }

    /// The sum; `None` outside the range.
    pub fn checked_add(self, other: Decimal) -> Option<Decimal> {
        Decimal::from_units(self.0 + other.0)
    }

    /// The difference; `None` outside the range.
    pub fn checked_sub(self, other: Decimal) -> Option<Decimal> {
        Decimal::from_units(self.0 - other.0)
    }

    /// The product; `None` outside the range, and where it has more than 10 digits after the point.
    pub fn checked_mul(self, other: Decimal) -> Option<Decimal> {
        // Zeros at the end of either factor are taken off first, so that the product fits 128 bits whenever it has to.
        let (a, a_zeros) = strip_zeros(self.0);
        let (b, b_zeros) = strip_zeros(other.0);
        let product = a.checked_mul(b)?;
        let zeros = a_zeros + b_zeros;
        if zeros >= SCALE {
            return Decimal::from_units(product.checked_mul(10_i128.checked_pow(zeros - SCALE)?)?);
        }
        let divisor = 10_i128.pow(SCALE - zeros);
        if product % divisor != 0 {
            return None;
        }
        Decimal::from_units(product / divisor)
    }

    /// The number with its sign changed.
    pub fn negated(self) -> Decimal {
        Decimal(-self.0)
    }

    /// Whether it is less than zero.
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }
}

fn strip_zeros(mut number: i128) -> (i128, u32) {
    let mut zeros = 0;
    while number != 0 && number % 10 == 0 {
        number /= 10;
        zeros += 1;
    }
    (number, zeros)
}

/// Why a text is no [`Decimal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    /// It is not digits, with at most one point between them, a sign before them, and `_` among them.
    NotANumber,
    /// It has more than 18 digits before the point.
    TooLarge,
    /// It has more than 10 digits after the point.
    TooPrecise,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ParseError::NotANumber => "not a number",
            ParseError::TooLarge => "more than 18 digits before the point",
            ParseError::TooPrecise => "more than 10 digits after the point",
        })
    }
}

impl std::error::Error for ParseError {}

impl FromStr for Decimal {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Decimal, ParseError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let number = |digits: &str| {
            let starts_well = digits.starts_with(|c: char| c.is_ascii_digit());
            let digits: String = digits.chars().filter(|c| *c != '_').collect();
            (starts_well && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
        };
        let whole = number(whole).ok_or(ParseError::NotANumber)?;
        let fraction = number(fraction).ok_or(ParseError::NotANumber)?;
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > SCALE as usize {
            return Err(ParseError::TooPrecise);
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > 18 {
            return Err(ParseError::TooLarge);
        }
        let units = format!("{whole:0>1}{fraction:0<width$}", width = SCALE as usize);
        let units: i128 = units.parse().map_err(|_| ParseError::NotANumber)?;
        Decimal::from_units(if negative { -units } else { units }).ok_or(ParseError::TooLarge)
    }
}

impl fmt::Display for Decimal {
    /// The shortest form: no zeros at the end, no point without digits after it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0.abs() / ONE, self.0.abs() % ONE);
        let sign = if self.0 < 0 { "-" } else { "" };
        let fraction = format!("{fraction:0>width$}", width = SCALE as usize);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            fraction => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
