-- Products, visitors' carts, pictures and orders. Amounts are in the currency's smallest unit.
CREATE TABLE products (
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]{1,40}$'),
    place integer NOT NULL,
    name jsonb NOT NULL,
    about jsonb NOT NULL,
    prices jsonb NOT NULL,
    stock integer NOT NULL CHECK (stock >= 0)
);

-- A visitor is known by the SHA-256 of a random token: who reads this table cannot become one of them.
CREATE TABLE sessions (
    id bytea PRIMARY KEY CHECK (length(id) = 32),
    seen timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_seen ON sessions (seen);

CREATE TABLE cart_items (
    session bytea NOT NULL REFERENCES sessions ON DELETE CASCADE,
    product text NOT NULL REFERENCES products ON DELETE CASCADE,
    quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 20),
    added timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (session, product)
);
CREATE INDEX cart_items_product ON cart_items (product);

-- An upload that was allowed; the object's key in the bucket follows from id and type.
CREATE TABLE pictures (
    id text PRIMARY KEY,
    session bytea REFERENCES sessions ON DELETE SET NULL,
    type text NOT NULL,
    created timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX pictures_session ON pictures (session, created);
CREATE INDEX pictures_created ON pictures (created);

CREATE TABLE orders (
    id text PRIMARY KEY,
    session bytea REFERENCES sessions ON DELETE SET NULL,
    request_key text,
    request_sha256 bytea,
    created timestamptz NOT NULL DEFAULT clock_timestamp(),
    customer jsonb NOT NULL,
    items jsonb NOT NULL,
    currency text NOT NULL,
    subtotal bigint NOT NULL CHECK (subtotal >= 0),
    tax_percent numeric NOT NULL,
    tax bigint NOT NULL CHECK (tax >= 0),
    total bigint NOT NULL CHECK (total = subtotal + tax),
    picture text UNIQUE REFERENCES pictures,
    CONSTRAINT orders_once UNIQUE (session, request_key)
);
CREATE INDEX orders_session ON orders (session, created DESC);
