//! Numbers: what a token that begins like one is, after the patterns of Clojure's reader.

use std::{num::IntErrorKind, str};

use super::{
    fault::What,
    value::{BigInt, Decimal, Ratio, Value},
};

/// Reads a number that takes the whole token.
pub(super) fn read(token: &[u8]) -> Result<Value, What> {
    if let Some(int) = read_short(token) {
        return Ok(Value::Int(int));
    }
    let token = str::from_utf8(token).map_err(|_| What::Number)?;
    let unsigned = token.strip_prefix(['+', '-']).unwrap_or(token);
    let negative = token.starts_with('-');
    if let Some((numerator, denominator)) = unsigned.split_once('/') {
        ratio(negative, numerator, denominator)
    } else if let Some(digits) = unsigned.strip_prefix("0x").or(unsigned.strip_prefix("0X")) {
        in_radix(negative, digits.strip_suffix('N').unwrap_or(digits), 16)
    } else if let Some((radix, digits)) = unsigned.split_once(['r', 'R']) {
        match radix.parse() {
            Ok(radix @ 2..=36) if radix_is_plain(unsigned) => in_radix(negative, digits, radix),
            _ => Err(What::Number),
        }
    } else if let Some(decimal) = unsigned.strip_suffix('M') {
        check(is_decimal(decimal))?;
        let token = &token[..token.len() - 1];
        Ok(Value::Decimal(Decimal(token.into())))
    } else if unsigned.contains(['.', 'e', 'E']) {
        check(is_decimal(unsigned))?;
        let float: f64 = token.parse().map_err(|_| What::Number)?;
        float
            .is_finite()
            .then(|| float.into())
            .ok_or(What::NumberRange)
    } else {
        let digits = unsigned.strip_suffix('N').unwrap_or(unsigned);
        match digits.strip_prefix('0') {
            Some(octal) if !octal.is_empty() => in_radix(negative, octal, 8),
            _ => in_decimal(negative, digits),
        }
    }
}

/// The usual case: decimal, and so short that it cannot overflow.
fn read_short(token: &[u8]) -> Option<i64> {
    let digits = token.strip_prefix(b"-").unwrap_or(token);
    if digits.len() > 18 || digits.len() != 1 && digits.first().is_none_or(|&first| first == b'0') {
        return None;
    }
    let mut int = 0;
    for digit in digits {
        int = int * 10 + i64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    Some(if digits.len() < token.len() {
        -int
    } else {
        int
    })
}

fn check(right: bool) -> Result<(), What> {
    right.then_some(()).ok_or(What::Number)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits, perhaps with a point after the first, perhaps with an exponent.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    is_digits(whole)
        && (fraction.is_empty() || is_digits(fraction))
        && is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

/// Whether what is before the `r` has no sign or zero before it, which parsing would ignore.
fn radix_is_plain(unsigned: &str) -> bool {
    unsigned.starts_with(|first: char| matches!(first, '1'..='9'))
}

/// `digits` without a zero before them.
fn in_decimal(negative: bool, digits: &str) -> Result<Value, What> {
    check(is_digits(digits))?;
    Ok(match digits.parse::<i128>() {
        Ok(int) if negative => (-int).into(),
        Ok(int) => int.into(),
        Err(_) => Value::BigInt(BigInt::from_digits(negative, digits)),
    })
}

fn in_radix(negative: bool, digits: &str, radix: u32) -> Result<Value, What> {
    check(digits.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
    match i128::from_str_radix(digits, radix) {
        Ok(int) if negative => Ok((-int).into()),
        Ok(int) => Ok(int.into()),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Err(What::NumberRange),
        Err(_) => Err(What::Number),
    }
}

fn ratio(negative: bool, numerator: &str, denominator: &str) -> Result<Value, What> {
    check(is_digits(numerator) && is_digits(denominator))?;
    let numerator = numerator.trim_start_matches('0');
    let denominator = denominator.trim_start_matches('0');
    match (numerator, denominator) {
        (_, "") => return Err(What::DividedByZero),
        ("", _) => return Ok(Value::Int(0)),
        (_, "1") => return in_decimal(negative, numerator),
        _ => {}
    }
    let sign = if negative { "-" } else { "" };
    let text = match (numerator.parse::<i128>(), denominator.parse::<i128>()) {
        (Ok(above), Ok(below)) => {
            let divisor = greatest_common_divisor(above, below);
            if divisor == below {
                let int = above / below;
                return Ok(if negative { -int } else { int }.into());
            }
            format!("{sign}{}/{}", above / divisor, below / divisor)
        }
        _ => format!("{sign}{numerator}/{denominator}"),
    };
    Ok(Value::Ratio(Ratio(text.into())))
}

fn greatest_common_divisor(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
