"""What an explanation is made of when it is written down: short texts in sections."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Row:
    """A step of the forward pass: its number, what it is, its shape, its value; remarks."""

    number: str
    text: str
    shape: str
    value: str
    remarks: list[str] = field(default_factory=list)


@dataclass
class Item:
    """What goes to one operand: its name, and lines about it."""

    to: str
    lines: list[str]


@dataclass
class Card:
    """A step of the way back: what arrives, what goes where; remarks."""

    number: str
    text: str
    arrives: str
    items: list[Item] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


@dataclass
class Part:
    """The way from one output: how it starts, its steps, how contributions add up."""

    title: str
    start: str
    cards: list[Card]
    sums: list[str]


@dataclass
class Document:
    """All of it. inputs: (name, what it is)."""

    inputs: list[tuple[str, str]]
    rows: list[Row]
    parts: list[Part]
