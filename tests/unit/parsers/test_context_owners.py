"""Whose field a name is, whose import, and whether it is a type: where the same name stands for several."""

from __future__ import annotations

from parsers.context import context
from parsers.languages import LANGUAGES
from parsers.source import parse
from tests.unit.parsers.labelled import describe


def test_an_object_has_no_fields_of_the_class_around_its_own() -> None:
    source = """\
class Feed:
    rate = 1

    class Cursor:
        def move(self):
            return self.rate
"""
    assert describe("python", source, "return self.rate").fields == ()


def test_the_field_of_an_inner_class_hides_that_of_the_outer_one() -> None:
    source = """\
class Desk {
    int rate = 1;
    int limit = 2;

    class Feed {
        int rate = 3;

        int sum() {
            return rate + limit;
        }
    }
}
"""
    assert describe("java", source, "return rate").fields == ("int limit = 2;", "int rate = 3;")


def test_lines_in_two_classes_touch_each_their_own_fields() -> None:
    source = b"""\
class Fee:
    rate = 1

    def of(self):
        return self.rate

class Tax:
    rate = 2

    def of(self):
        return self.base
"""
    python = LANGUAGES["python"]
    assert context(parse(source, python), python, [5, 11]).fields == ("rate = 1",)


def test_an_import_inside_a_module_holds_in_there_alone() -> None:
    source = """\
fn book() { Order::new(); }

mod tests {
    use crate::testing::Order;

    fn adds() { Order::small(); }
}
"""
    assert describe("rust", source, "fn book").imports == ()
    assert describe("rust", source, "fn adds").imports == ("use crate::testing::Order;",)


def test_what_qualifies_a_type_is_none() -> None:
    assert describe("python", "x: Models.Orders.Order = None\n", "x:").types == ("Order",)


def test_a_property_of_the_class_is_no_type() -> None:
    source = """\
class Desk
{
    public Book Orders { get; }

    void Add(Order order)
    {
        Orders.Add(Money.Of(order));
    }
}
"""
    assert describe("csharp", source, "Orders.Add").types == ("Money",)
