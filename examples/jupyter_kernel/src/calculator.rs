//! The language of the kernel. A line is `name = expression`, `print expression`, `ask name`,
//! `sleep seconds`, or an expression of numbers, names, `+ - * / ^` and parentheses.

use std::collections::HashMap;

/// The effect of a line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Statement {
    /// The value of an expression.
    Value(f64),
    /// A line of output.
    Print(String),
    /// Ask the user for the value of a name.
    Ask(String),
    /// Sleep for this many seconds.
    Sleep(f64),
    /// The assignment is done.
    Done,
}

/// The values of the names.
#[derive(Debug, Default)]
pub(crate) struct Calculator {
    names: HashMap<String, f64>,
}

/// The limit of nested parentheses, so that a frontend cannot overflow the stack.
const MAX_DEPTH: usize = 64;

impl Calculator {
    /// Runs one line.
    pub(crate) fn run(&mut self, line: &str) -> Result<Statement, String> {
        if let Some(rest) = line.strip_prefix("print ") {
            return Ok(Statement::Print(self.evaluate(rest)?.to_string()));
        }
        if let Some(name) = line.strip_prefix("ask ") {
            return Ok(Statement::Ask(name_of(name)?));
        }
        if let Some(rest) = line.strip_prefix("sleep ") {
            return Ok(Statement::Sleep(self.evaluate(rest)?));
        }
        if let Some((name, expression)) = line.split_once('=') {
            let value = self.evaluate(expression)?;
            self.set(name_of(name)?, value);
            return Ok(Statement::Done);
        }
        Ok(Statement::Value(self.evaluate(line)?))
    }

    pub(crate) fn set(&mut self, name: String, value: f64) {
        self.names.insert(name, value);
    }

    pub(crate) fn evaluate(&self, expression: &str) -> Result<f64, String> {
        let mut reader = Reader { names: &self.names, rest: expression.trim(), depth: 0 };
        let value = reader.sum()?;
        match reader.rest {
            "" => Ok(value),
            rest => Err(format!("unexpected `{rest}`")),
        }
    }
}

fn name_of(text: &str) -> Result<String, String> {
    let name = text.trim();
    let is_name = !name.is_empty() && name.chars().all(char::is_alphabetic);
    if is_name { Ok(name.to_owned()) } else { Err(format!("`{name}` is not a name")) }
}

struct Reader<'a> {
    names: &'a HashMap<String, f64>,
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn sum(&mut self) -> Result<f64, String> {
        let mut value = self.product()?;
        loop {
            if self.take('+') {
                value += self.product()?;
            } else if self.take('-') {
                value -= self.product()?;
            } else {
                return Ok(value);
            }
        }
    }

    fn product(&mut self) -> Result<f64, String> {
        let mut value = self.power()?;
        loop {
            if self.take('*') {
                value *= self.power()?;
            } else if self.take('/') {
                let divisor = self.power()?;
                if divisor == 0.0 {
                    return Err("division by zero".to_owned());
                }
                value /= divisor;
            } else {
                return Ok(value);
            }
        }
    }

    fn power(&mut self) -> Result<f64, String> {
        let base = self.term()?;
        if self.take('^') { Ok(base.powf(self.term()?)) } else { Ok(base) }
    }

    fn term(&mut self) -> Result<f64, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} levels deep"));
        }
        let value = if self.take('-') {
            -self.term()?
        } else if self.take('(') {
            let value = self.sum()?;
            if !self.take(')') {
                return Err("a parenthesis is not closed".to_owned());
            }
            value
        } else {
            self.atom()?
        };
        self.depth -= 1;
        Ok(value)
    }

    fn atom(&mut self) -> Result<f64, String> {
        let is_part = |c: char| c.is_alphanumeric() || c == '.';
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (atom, rest) = self.rest.split_at(end);
        if atom.is_empty() {
            return Err("a number is missing".to_owned());
        }
        self.rest = rest.trim_start();
        if let Some(value) = self.names.get(atom) {
            return Ok(*value);
        }
        if atom.starts_with(char::is_alphabetic) {
            return Err(format!("unknown name `{atom}`"));
        }
        atom.parse().map_err(|_| format!("`{atom}` is not a number"))
    }

    fn take(&mut self, sign: char) -> bool {
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_evaluate_as_on_paper() {
        let mut calculator = Calculator::default();
        assert_eq!(calculator.run("x = 2"), Ok(Statement::Done));
        for (expression, value) in
            [("2 + 3 * 4", 14.0), ("(2+3)*4", 20.0), ("-x ^ 2", 4.0), ("10 / 4 - 1", 1.5)]
        {
            assert_eq!(calculator.run(expression), Ok(Statement::Value(value)), "{expression}");
        }
        assert_eq!(calculator.run("print x * x"), Ok(Statement::Print("4".to_owned())));
    }

    #[test]
    fn invalid_input_gives_a_clear_error() {
        let mut calculator = Calculator::default();
        let deep = "(".repeat(100_000);
        for (line, says) in [
            ("1 / 0", "zero"),
            ("y", "unknown name `y`"),
            ("1 +", "missing"),
            ("(1", "not closed"),
            ("1 1", "`1`"),
            ("1.2.3", "not a number"),
            ("2 = 1", "not a name"),
            (&deep, "levels deep"),
        ] {
            let error = calculator.run(line).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
