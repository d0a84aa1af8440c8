-- What was ordered becomes rows, the customer becomes columns, and an order gets a status. The JSON columns go, so code of
-- the level before cannot work after this.
-- Waits for orders that are being placed, and lets none in: no order is half in one shape.
LOCK TABLE orders IN ACCESS EXCLUSIVE MODE;

CREATE TABLE order_lines (
    order_id text NOT NULL REFERENCES orders ON DELETE CASCADE,
    line integer NOT NULL CHECK (line >= 1),
    product text NOT NULL,
    name jsonb NOT NULL,
    price bigint NOT NULL CHECK (price >= 0),
    quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 20),
    PRIMARY KEY (order_id, line)
);
CREATE INDEX order_lines_product ON order_lines (product);

INSERT INTO order_lines (order_id, line, product, name, price, quantity)
SELECT o.id, i.line, i.item ->> 'product', i.item -> 'name', (i.item ->> 'price')::bigint, (i.item ->> 'quantity')::integer
FROM orders o CROSS JOIN LATERAL jsonb_array_elements(o.items) WITH ORDINALITY AS i (item, line);

-- An order whose lines do not add up to what was charged stops everything: somebody has to look at it first.
DO $$
DECLARE
    wrong text;
BEGIN
    SELECT string_agg(id, ', ' ORDER BY id) INTO wrong FROM (
        SELECT o.id FROM orders o LEFT JOIN order_lines l ON l.order_id = o.id
        GROUP BY o.id, o.subtotal HAVING coalesce(sum(l.price * l.quantity), 0) <> o.subtotal LIMIT 10
    ) AS unequal;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the lines of these orders do not add up to their subtotal: %', wrong;
    END IF;
END
$$;

ALTER TABLE orders
    ADD COLUMN customer_name text,
    ADD COLUMN contact text,
    ADD COLUMN status text NOT NULL DEFAULT 'placed' CHECK (status IN ('placed', 'confirmed', 'cancelled')),
    ADD COLUMN changed timestamptz NOT NULL DEFAULT clock_timestamp();
-- Every order so far stood when the shop closed: none of them can be cancelled any more.
UPDATE orders SET customer_name = customer ->> 'name', contact = customer ->> 'contact', status = 'confirmed', changed = created;
ALTER TABLE orders
    ALTER COLUMN customer_name SET NOT NULL,
    ALTER COLUMN contact SET NOT NULL,
    DROP COLUMN customer,
    DROP COLUMN items;
CREATE INDEX orders_created ON orders (created DESC);
CREATE INDEX orders_placed ON orders (created) WHERE status = 'placed';
