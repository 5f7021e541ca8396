-- The warehouse of this example, and a day that arrived in it. `psql "$WAREHOUSE_URL" -f tables.sql` makes it.

create table incoming (day date not null, region text not null, product text not null, amount numeric(12, 2) not null);
create table loads (day date primary key);
create table sales (like incoming, primary key (day, region, product));
create table totals_by_region (day date, region text, total numeric(14, 2) not null, primary key (day, region));
create table totals_by_product (day date, product text, total numeric(14, 2) not null, primary key (day, product));

insert into incoming values
    ('2026-03-01', 'north', 'tea', 120.00),
    ('2026-03-01', 'north', 'cups', 35.50),
    ('2026-03-01', 'south', 'tea', 80.25);
