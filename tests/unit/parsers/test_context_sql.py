"""Hand-labelled lines of SQL in four dialects, and of SQL in MyBatis mappers."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

PLAIN = """\
-- Orders of all venues.
-- One row each.
CREATE TABLE fund.orders (
  id BIGINT PRIMARY KEY,
  account_id BIGINT REFERENCES fund.accounts (id),
  amount DECIMAL(18, 2) NOT NULL
);

CREATE INDEX idx_orders_account ON fund.orders (account_id);

CREATE OR REPLACE VIEW open_orders AS
SELECT o.id, CASE WHEN o.amount > 0 THEN 'buy' ELSE 'sell' END AS side, fee(o.amount)
  FROM fund.orders o, venues v
  LEFT JOIN fund.accounts a USING (account_id)
 WHERE o.closed IS DISTINCT FROM TRUE AND o.note <> 'it''s; done';

WITH late AS (
  SELECT id FROM open_orders WHERE EXTRACT(DAY FROM now() - booked) > 2
)
UPDATE fund.orders SET closed = TRUE
 WHERE id IN (SELECT id FROM late);

CREATE FUNCTION fund.settle(day DATE) RETURNS NUMERIC AS $$
DECLARE total NUMERIC;
BEGIN
  SELECT sum(amount) INTO total FROM fund.orders WHERE booked = day;
  PERFORM notify_desk(total);
  RETURN total;
END;
$$ LANGUAGE plpgsql;

ALTER TABLE fund.orders
  ADD COLUMN note TEXT;
INSERT INTO venues (code) VALUES ('SSE') ON CONFLICT DO NOTHING;
"""
OPEN = "CREATE OR REPLACE VIEW open_orders"
SETTLE = "CREATE FUNCTION fund.settle(day DATE) RETURNS NUMERIC"

PLAIN_CASES = [
    Case(
        "-- One row",
        chain="table fund.orders",
        starts="-- Orders of all venues.",
        signature="CREATE TABLE fund.orders",
    ),
    Case(
        "REFERENCES fund.accounts",
        chain="table fund.orders",
        starts="-- Orders of all venues.",
        signature="CREATE TABLE fund.orders",
        types=("accounts",),
    ),
    Case(
        "DECIMAL(18, 2)",
        chain="table fund.orders",
        starts="-- Orders of all venues.",
        signature="CREATE TABLE fund.orders",
    ),
    Case(
        "CREATE INDEX",
        chain="index idx_orders_account",
        starts="CREATE INDEX idx_orders_account ON fund.orders (account_id);",
        signature="CREATE INDEX idx_orders_account ON fund.orders (account_id)",
        types=("orders",),
    ),
    Case("THEN 'buy'", chain="view open_orders", starts=OPEN + " AS", signature=OPEN, called=("fee",)),
    Case(
        "FROM fund.orders o, venues",
        chain="view open_orders",
        starts=OPEN + " AS",
        signature=OPEN,
        types=("orders", "venues"),
    ),
    Case("it''s; done", chain="view open_orders", starts=OPEN + " AS", signature=OPEN),
    Case(
        "SELECT id FROM open_orders",
        chain="update open_orders",
        starts="WITH late AS (",
        signature="WITH late AS (\n  SELECT id FROM open_orders WHERE EXTRACT(DAY FROM now() - booked) > 2\n)\n"
        "UPDATE fund.orders",
        called=("EXTRACT", "now"),
        types=("open_orders",),
    ),
    Case(
        "UPDATE fund.orders SET",
        chain="update open_orders",
        starts="WITH late AS (",
        signature="WITH late AS (\n  SELECT id FROM open_orders WHERE EXTRACT(DAY FROM now() - booked) > 2\n)\n"
        "UPDATE fund.orders",
        types=("orders",),
    ),
    Case(
        "INTO total",
        chain="function fund.settle > select fund.settle.orders",
        starts="SELECT sum(amount) INTO total FROM fund.orders WHERE booked = day;",
        signature="SELECT sum(amount) INTO total FROM fund.orders",
        called=("sum",),
        types=("orders",),
    ),
    Case(
        "notify_desk",
        chain="function fund.settle",
        starts=SETTLE + " AS $$",
        signature=SETTLE,
        called=("notify_desk",),
    ),
    Case(
        "ADD COLUMN",
        chain="alter fund.orders",
        starts="ALTER TABLE fund.orders",
        signature="ALTER TABLE fund.orders\n  ADD COLUMN note TEXT",
    ),
    Case(
        "ON CONFLICT",
        chain="insert venues",
        starts="INSERT INTO venues (code) VALUES ('SSE') ON CONFLICT DO NOTHING;",
        signature="INSERT INTO venues (code)",
        types=("venues",),
    ),
]

ORACLE = """\
CREATE OR REPLACE PACKAGE BODY ledger AS
  g_rate NUMBER := 0.0003;

  -- Fee in cents.
  FUNCTION fee(p_amount IN NUMBER) RETURN NUMBER IS
  BEGIN
    RETURN ROUND(p_amount * g_rate, 2);
  END fee;

  PROCEDURE book(p_day IN DATE) IS
    CURSOR c_trades IS SELECT id, amount FROM trades WHERE day = p_day;
    v_note VARCHAR2(20) := q'[it's; fine]';
  BEGIN
    FOR r IN c_trades LOOP
      IF r.amount > 0 THEN
        MERGE INTO balances b USING dual ON (b.id = r.id)
        WHEN MATCHED THEN
          UPDATE SET b.amount = b.amount + ledger.fee(r.amount)
        WHEN NOT MATCHED THEN
          INSERT (id, amount) VALUES (r.id, r.amount);
      ELSE
        DELETE balances WHERE id = r.id;
      END IF;
    END LOOP;
  EXCEPTION
    WHEN OTHERS THEN
      audit_pkg.log(SQLERRM);
      RAISE;
  END book;
END ledger;
/
GRANT EXECUTE ON ledger TO desk;
SELECT COUNT(*) FROM balances;
"""
BOOK = "package ledger > procedure ledger.book"
MERGE = "MERGE INTO balances b USING dual ON (b.id = r.id)"

ORACLE_CASES = [
    Case(
        "g_rate NUMBER :=",
        chain="package ledger",
        starts="CREATE OR REPLACE PACKAGE BODY ledger AS",
        signature="CREATE OR REPLACE PACKAGE BODY ledger",
    ),
    Case(
        "RETURN ROUND",
        chain="package ledger > function ledger.fee",
        starts="-- Fee in cents.",
        signature="FUNCTION fee(p_amount IN NUMBER) RETURN NUMBER",
        called=("ROUND",),
    ),
    Case(
        "CURSOR c_trades",
        chain=BOOK + " > select ledger.book.trades",
        starts="CURSOR c_trades IS SELECT id, amount FROM trades WHERE day = p_day;",
        signature="SELECT id, amount FROM trades",
        types=("trades",),
    ),
    Case(
        "it's; fine",
        chain=BOOK,
        starts="PROCEDURE book(p_day IN DATE) IS",
        signature="PROCEDURE book(p_day IN DATE)",
    ),
    Case(
        "UPDATE SET b.amount",
        chain=BOOK + " > merge ledger.book.balances",
        starts=MERGE,
        signature=MERGE,
        called=("fee",),
    ),
    Case(
        "DELETE balances",
        chain=BOOK + " > delete ledger.book.balances",
        starts="DELETE balances WHERE id = r.id;",
        signature="DELETE balances",
        types=("balances",),
    ),
    Case(
        "audit_pkg.log",
        chain=BOOK,
        starts="PROCEDURE book(p_day IN DATE) IS",
        signature="PROCEDURE book(p_day IN DATE)",
        called=("log",),
    ),
    Case(
        "END ledger",
        chain="package ledger",
        starts="CREATE OR REPLACE PACKAGE BODY ledger AS",
        signature="CREATE OR REPLACE PACKAGE BODY ledger",
    ),
    Case("GRANT EXECUTE"),
    Case(
        "COUNT(*)",
        chain="select balances",
        starts="SELECT COUNT(*) FROM balances;",
        signature="SELECT COUNT(*) FROM balances",
        called=("COUNT",),
        types=("balances",),
    ),
]

TRANSACT = """\
CREATE PROCEDURE [dbo].[usp_Settle] @Day DATE, @Limit MONEY = 0
AS
BEGIN
  SET NOCOUNT ON
  DECLARE @n INT
  UPDATE o SET Status = 'S'
    FROM [dbo].[Orders] o INNER JOIN dbo.Accounts a ON a.Id = o.AccountId
   WHERE o.Day = @Day
  IF @@ROWCOUNT = 0
    EXEC dbo.usp_Alert @Day
  SELECT TOP 10 Id FROM #late WITH (NOLOCK)
END
GO
DROP TABLE IF EXISTS #late
GO
"""
USP = "CREATE PROCEDURE [dbo].[usp_Settle] @Day DATE, @Limit MONEY = 0"

TRANSACT_CASES = [
    Case("DECLARE @n", chain="procedure dbo.usp_Settle", starts=USP, signature=USP),
    Case(
        "FROM [dbo].[Orders]",
        chain="procedure dbo.usp_Settle > update dbo.usp_Settle.o",
        starts="UPDATE o SET Status = 'S'",
        signature="UPDATE o",
        types=("Orders", "Accounts"),
    ),
    Case(
        "EXEC dbo.usp_Alert",
        chain="procedure dbo.usp_Settle",
        starts=USP,
        signature=USP,
        called=("usp_Alert",),
    ),
    Case(
        "SELECT TOP 10",
        chain="procedure dbo.usp_Settle > select dbo.usp_Settle.#late",
        starts="SELECT TOP 10 Id FROM #late WITH (NOLOCK)",
        signature="SELECT TOP 10 Id FROM #late WITH (NOLOCK)",
        types=("#late",),
    ),
    Case(
        "DROP TABLE",
        chain="drop #late",
        starts="DROP TABLE IF EXISTS #late",
        signature="DROP TABLE IF EXISTS #late",
        types=("#late",),
    ),
]

MYSQL = """\
DELIMITER //
CREATE DEFINER=`root`@`%` PROCEDURE `pay`(IN p_id INT)
BEGIN
  -- freeze first
  UPDATE `acct` SET frozen = 1 WHERE id = p_id;
  CALL audit(p_id, 'O\\'Neil');
END //
DELIMITER ;
INSERT INTO pay_log (id) VALUES (1)
ON DUPLICATE KEY
UPDATE times = times + 1;
"""
PAY = "CREATE DEFINER=`root`@`%` PROCEDURE `pay`(IN p_id INT)"

MYSQL_CASES = [
    Case(
        "-- freeze",
        chain="procedure pay > update pay.acct",
        starts="-- freeze first",
        signature="UPDATE `acct`",
    ),
    Case("CALL audit", chain="procedure pay", starts=PAY, signature=PAY, called=("audit",)),
    Case(
        "UPDATE times",
        chain="insert pay_log",
        starts="INSERT INTO pay_log (id) VALUES (1)",
        signature="INSERT INTO pay_log (id)",
    ),
]

MAPPER = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE mapper PUBLIC "-//mybatis.org//DTD Mapper 3.0//EN" "http://mybatis.org/dtd/mybatis-3-mapper.dtd">
<mapper namespace="com.broker.OrderMapper">
  <resultMap id="order" type="Order">
    <id property="id" column="id"/>
  </resultMap>

  <sql id="columns">id, account_id, amount</sql>

  <!-- What is open. -->
  <select id="findOpen" resultMap="order">
    SELECT <include refid="columns"/>
    FROM orders o JOIN accounts a ON a.id = o.account_id
    <where>
      <if test="since != null and limit > 0">
        AND o.booked &gt;= trunc_day(#{since,
          jdbcType=DATE})
      </if>
      <![CDATA[ AND o.amount <= ${limit} ]]>
    </where>
    ORDER BY ${order}
  </select>

  <update id="close">
    UPDATE orders
    <set>
      <if test="note != null">note = #{note},</if>
    </set>
    WHERE id IN
    <foreach collection="ids" item="id" open="(" separator="," close=")">#{id}</foreach>
  </update>
</mapper>
"""
FIND = "mapper com.broker.OrderMapper > select com.broker.OrderMapper.findOpen"
SELECT = '<select id="findOpen" resultMap="order">'

MAPPER_CASES = [
    Case(
        "<id property",
        chain="mapper com.broker.OrderMapper > resultMap com.broker.OrderMapper.order",
        starts='<resultMap id="order" type="Order">',
        signature='<resultMap id="order" type="Order">',
    ),
    Case(
        '<sql id="columns"',
        chain="mapper com.broker.OrderMapper",
        starts='<mapper namespace="com.broker.OrderMapper">',
        signature='<mapper namespace="com.broker.OrderMapper">',
    ),
    Case("What is open", chain=FIND, starts="<!-- What is open. -->", signature=SELECT),
    Case(
        "FROM orders o",
        chain=FIND,
        starts="<!-- What is open. -->",
        signature=SELECT,
        types=("orders", "accounts"),
    ),
    Case("trunc_day", chain=FIND, starts="<!-- What is open. -->", signature=SELECT, called=("trunc_day",)),
    Case("<![CDATA[", chain=FIND, starts="<!-- What is open. -->", signature=SELECT),
    Case(
        "UPDATE orders",
        chain="mapper com.broker.OrderMapper > update com.broker.OrderMapper.close",
        starts='<update id="close">',
        signature='<update id="close">',
        types=("orders",),
    ),
]

SHEETS = (
    Sheet("sql", PLAIN, PLAIN_CASES),
    Sheet("sql", ORACLE, ORACLE_CASES),
    Sheet("sql", TRANSACT, TRANSACT_CASES),
    Sheet("sql", MYSQL, MYSQL_CASES),
    Sheet("xml", MAPPER, MAPPER_CASES),
)
CASES = [pytest.param(sheet, case, id=case.line.strip()) for sheet in SHEETS for case in sheet.cases]


@pytest.mark.parametrize(("sheet", "case"), CASES)
def test_a_line_is_described_as_a_person_would(sheet: Sheet, case: Case) -> None:
    assert describe(sheet.language, sheet.source, case.line) == case
