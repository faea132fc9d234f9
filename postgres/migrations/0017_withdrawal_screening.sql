-- +goose Up

-- screened_until is how long the newest findings hold; a withdrawal is not paid on older
-- ones. halted stops a payout that is being prepared because they turned bad. released is
-- that a person looked. retry_at puts off asking a screener that did not answer.
alter table withdrawal
    add column screened_until timestamptz,
    add column halted boolean not null default false,
    add column released boolean not null default false,
    add column retry_at timestamptz,
    add check (not (halted and committed));

drop index withdrawal_waiting;
create index withdrawal_waiting on withdrawal (position)
    where state in ('requested', 'screened', 'review', 'awaiting_approval', 'approved', 'paying');
create index withdrawal_in_review on withdrawal (position) where state = 'review';

insert into withdrawal_moves (from_state, to_state) values ('awaiting_approval', 'review'), ('approved', 'review');

-- What a screener said of a withdrawal, and until when that holds.
create table withdrawal_screenings (
    id            bigint      primary key generated always as identity,
    withdrawal_id text        not null references withdrawal (id),
    screener      text        not null check (length(screener) between 1 and 100),
    verdict       text        not null check (verdict in ('clear', 'review', 'hit')),
    evidence      text        not null,
    screened_at   timestamptz not null,
    valid_until   timestamptz not null check (valid_until > screened_at)
);

create index withdrawal_screenings_by_withdrawal on withdrawal_screenings (withdrawal_id, id);
create trigger withdrawal_screenings_append_only before update or delete or truncate on withdrawal_screenings
    for each statement execute function withdrawal_refuse_change();

-- Who released or rejected what was in review, and what they wrote.
create table withdrawal_reviews (
    id            bigint      primary key generated always as identity,
    withdrawal_id text        not null references withdrawal (id),
    action        text        not null check (action in ('release', 'reject')),
    actor         text        not null check (length(actor) between 1 and 200),
    note          text        not null,
    created_at    timestamptz not null
);

create index withdrawal_reviews_by_withdrawal on withdrawal_reviews (withdrawal_id, id);
create trigger withdrawal_reviews_append_only before update or delete or truncate on withdrawal_reviews
    for each statement execute function withdrawal_refuse_change();
