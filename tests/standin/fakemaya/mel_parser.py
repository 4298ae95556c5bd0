"""Reads the MEL that this project writes.

Procedures, conditions, loops over lists, commands with flags. What it does not know is a `Gap`, never a
guess.
"""

from __future__ import annotations

import re
from typing import Any, List, NamedTuple, Optional, Tuple

from fakemaya.active import Gap

TYPES = ("string", "int", "float", "vector", "void")
SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
NUMBER = re.compile(r"(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?")
NAME = re.compile(r"[A-Za-z_]\w*")
WORD = re.compile(r"[^\s;,()`\"${}]+")
OPERATORS = (("||",), ("&&",), ("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/", "%"))
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


class MelError(RuntimeError):
    """A syntax error or a failure in a script, as maya.mel.eval raises it."""


class Procedure(NamedTuple):
    """A procedure: parameter (type, name) pairs, its body, the type that it returns, whether it is global."""

    name: str
    parameters: Tuple[Tuple[str, str], ...]
    body: Any
    returns: str
    is_global: bool


class Parser:
    """Turns MEL text into nested tuples ("kind", ...)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    # ------------------------------------------------------------------------------------------------ letters

    def skip(self) -> None:
        self.at = SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]

    def peek(self, token: str) -> bool:
        self.skip()
        if not self.text.startswith(token, self.at):
            return False
        after = self.text[self.at + len(token) : self.at + len(token) + 1]
        return not (token[-1].isalnum() and (after.isalnum() or after == "_"))

    def take(self, token: str) -> bool:
        if not self.peek(token):
            return False
        self.at += len(token)
        return True

    def need(self, token: str) -> None:
        if not self.take(token):
            self.fail(f"expected '{token}'")

    def match(self, pattern: re.Pattern[str]) -> Optional[str]:
        self.skip()
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found.group()

    def fail(self, problem: str) -> None:
        line = self.text.count("\n", 0, self.at) + 1
        raise MelError(
            f"Syntax error: {problem} in line {line}, before: {self.text[self.at : self.at + 30]!r}"
        )

    # ------------------------------------------------------------------------------------------------
    # statements

    def script(self) -> List[Any]:
        found = []
        self.skip()
        while self.at < len(self.text):
            found.append(self.statement())
            self.skip()
        return found

    def statement(self) -> Any:
        if self.take(";"):
            return ("block", [])
        if self.take("{"):
            body = []
            while not self.take("}"):
                if self.at >= len(self.text):
                    self.fail("a block is not closed")
                body.append(self.statement())
            return ("block", body)
        start = self.at
        is_global = self.take("global")
        if self.take("proc"):
            return self.procedure(is_global)
        self.skip()
        for kind in TYPES:
            if self.peek(kind):
                self.take(kind)
                self.skip()
                if self.text[self.at : self.at + 1] == "$":
                    return self.declaration(kind, is_global)
        self.at = start
        for word in ("switch", "do", "break", "continue"):
            if self.peek(word):
                raise Gap(f"MEL: '{word}' is not in the stand-in.")
        if self.take("if"):
            return self.condition()
        if self.take("for"):
            return self.loop()
        if self.take("while"):
            self.need("(")
            test = self.expression()
            self.need(")")
            return ("while", test, self.statement())
        if self.take("return"):
            value = ("value", None) if self.peek(";") else self.expression()
            self.end()
            return ("return", value)
        found = self.assignment() or ("run", self.invocation(";"))
        self.end()
        return found

    def end(self) -> None:
        if not self.take(";"):
            self.skip()
            if self.at < len(self.text) and not self.peek("}"):
                self.fail("expected ';'")

    def procedure(self, is_global: bool) -> Any:
        returns = "void"
        for kind in TYPES:
            if self.take(kind):
                returns = kind + ("[]" if self.take("[]") else "")
                break
        name = self.match(NAME) or ""
        self.need("(")
        parameters = []
        while not self.take(")"):
            kind = self.match(NAME)
            if kind not in TYPES:
                self.fail("a parameter needs a type")
            self.need("$")
            parameter = self.match(NAME) or ""
            parameters.append((f"{kind}[]" if self.take("[]") else str(kind), parameter))
            self.take(",")
        self.skip()
        return ("procedure", Procedure(name, tuple(parameters), self.statement(), returns, is_global))

    def declaration(self, kind: str, is_global: bool) -> Any:
        found = []
        while True:
            self.need("$")
            name = self.match(NAME) or ""
            array = bool(self.match(re.compile(r"\[\d*\]")))
            value = self.expression() if self.take("=") else None
            found.append((name, kind + ("[]" if array else ""), value))
            if not self.take(","):
                break
        self.end()
        return ("declare", is_global, found)

    def condition(self) -> Any:
        self.need("(")
        test = self.expression()
        self.need(")")
        then = self.statement()
        return ("if", test, then, self.statement() if self.take("else") else ("block", []))

    def loop(self) -> Any:
        self.need("(")
        self.need("$")
        name = self.match(NAME)
        if not self.take("in"):
            raise Gap("MEL: only `for ($x in list)` is in the stand-in.")
        values = self.expression()
        self.need(")")
        return ("for", name, values, self.statement())

    def assignment(self) -> Any:
        start = self.at
        if self.take("$"):
            name = self.match(NAME)
            index = None
            if self.take("["):
                index = self.expression()
                self.need("]")
            for operator in ("+=", "-=", "="):
                if not self.peek("==") and self.take(operator):
                    return ("assign", name, index, operator, self.expression())
        self.at = start
        return None

    # -----------------------------------------------------------------------------------------------
    # expressions

    def expression(self, level: int = 0) -> Any:
        if level == len(OPERATORS):
            return self.unary()
        left = self.expression(level + 1)
        while True:
            for operator in OPERATORS[level]:
                if self.peek(operator) and not (operator in "<>" and self.peek(operator + "=")):
                    self.take(operator)
                    left = ("operate", operator, left, self.expression(level + 1))
                    break
            else:
                return left

    def unary(self) -> Any:
        if self.peek("!") and not self.peek("!="):
            self.take("!")
            return ("not", self.unary())
        if self.take("-"):
            return ("operate", "-", ("value", 0), self.unary())
        return self.primary()

    def primary(self) -> Any:
        if self.take("("):
            for kind in ("string", "int", "float"):
                if self.take(kind):
                    self.need(")")
                    return ("cast", kind, self.unary())
            inner = self.expression()
            self.need(")")
            return inner
        if self.peek('"'):
            return ("value", self.string())
        if self.take("{"):
            items = []
            while not self.take("}"):
                items.append(self.expression())
                self.take(",")
            return ("list", items)
        if self.take("`"):
            inner = self.invocation("`")
            self.need("`")
            return inner
        if self.take("$"):
            return self.variable()
        number = self.match(NUMBER)
        if number is not None:
            return ("value", int(number) if number.isdigit() else float(number))
        return self.called()

    def variable(self) -> Any:
        found: Any = ("variable", self.match(NAME))
        while self.text[self.at : self.at + 1] == "[":
            self.need("[")
            found = ("index", found, self.expression())
            self.need("]")
        return found

    def called(self) -> Any:
        name = self.match(NAME)
        if name is None:
            self.fail("expected a value")
        if name in ("true", "on", "yes"):
            return ("value", 1)
        if name in ("false", "off", "no"):
            return ("value", 0)
        if not self.take("("):
            self.fail(f"'{name}' is no value here")
        arguments = []
        while not self.take(")"):
            arguments.append(self.expression())
            if not self.take(",") and not self.peek(")"):
                self.fail("expected ',' or ')'")
        return ("call", name, arguments)

    def string(self) -> str:
        self.need('"')
        found = []
        while self.text[self.at] != '"':
            letter = self.text[self.at]
            if letter == "\\":
                self.at += 1
                letter = ESCAPES.get(self.text[self.at], self.text[self.at])
            found.append(letter)
            self.at += 1
            if self.at >= len(self.text):
                self.fail("a string is not closed")
        self.at += 1
        return "".join(found)

    def invocation(self, stop: str) -> Any:
        """A command with its words and flags, or a call with parentheses, or a bare expression."""
        start = self.at
        name = self.match(re.compile(r"[A-Za-z_][\w:]*"))
        if name is None:
            return self.expression()
        if self.text[self.at : self.at + 1] == "(" or name in ("true", "false"):
            self.at = start
            return self.expression()
        words: List[Any] = []
        while not self.peek(stop) and not self.peek(";") and not self.peek("}") and self.at < len(self.text):
            words.append(self.word())
        return ("command", name, words)

    def word(self) -> Any:
        self.skip()
        letter = self.text[self.at : self.at + 1]
        if letter in '"($`{':
            return self.primary()
        found = self.match(WORD)
        if found is None:
            self.fail("cannot read this word")
            return None
        if re.fullmatch(r"-?" + NUMBER.pattern, found):
            return ("value", int(found) if re.fullmatch(r"-?\d+", found) else float(found))
        if re.fullmatch(r"-[A-Za-z]\w*", found):
            return ("flag", found[1:])
        return ("value", found)
