-- The service's data: every row follows from its number, so that two worlds hold the same.
CREATE TABLE customers (
    id integer PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);

CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers (id),
    total_cents integer NOT NULL CHECK (total_cents >= 0),
    status text NOT NULL,
    placed_at timestamptz NOT NULL
);

-- No primary key: rows that a restore over the live table would add are not refused.
CREATE TABLE order_events (
    order_id integer NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL
);

INSERT INTO customers
SELECT n, 'Customer ' || n, 'customer' || n || '@mail.invalid', timestamptz '2025-01-01 00:00:00Z' + n * interval '7 hours'
FROM generate_series(1, 500) AS n;

INSERT INTO orders
SELECT n, 1 + n * 7919 % 500, n * 104729 % 50000, (ARRAY['placed', 'paid', 'sent', 'returned'])[1 + n % 4],
       timestamptz '2025-06-01 00:00:00Z' + n * interval '11 minutes'
FROM generate_series(1, 5000) AS n;

INSERT INTO order_events
SELECT id, kind, placed_at + step * interval '1 hour'
FROM orders CROSS JOIN LATERAL (VALUES (0, 'placed'), (1, 'paid')) AS history (step, kind);

CREATE INDEX orders_by_customer ON orders (customer_id);
ANALYZE;
