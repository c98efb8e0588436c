/**
 * Reserving and journalling, many at once in one statement, each by the rules of the gateway. They run in the database so
 * that several gateways cannot promise the same money: whoever holds a tab's row decides alone.
 */
export const RESERVATIONS = `
CREATE FUNCTION assay.reserve(orders jsonb, holder_id text, nonce_window integer)
RETURNS TABLE (id text, verdict text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  o record;
  found_request record;
  tab record;
BEGIN
  -- In the payers' order, so that two gateways never wait for each other.
  FOR o IN SELECT * FROM jsonb_to_recordset(orders) AS x(
    id text, payer text, nonce numeric, locked boolean, model text, deadline bigint, request jsonb, signature text,
    fields jsonb, salt text, price numeric, penalty numeric, "exitMargin" bigint, "heldSeconds" integer
  ) ORDER BY payer, id
  LOOP
    id := o.id;
    IF NOT o.locked THEN
      SELECT * INTO tab FROM assay.tabs t WHERE t.payer = o.payer FOR UPDATE;
      IF tab IS NULL THEN
        verdict := 'no-tab';
        RETURN NEXT;
        CONTINUE;
      END IF;
    END IF;
    SELECT r.state, r.holder, r.held_until, r.closed INTO found_request FROM assay.requests r WHERE r.id = o.id FOR UPDATE;
    IF FOUND THEN
      IF found_request.state = 'answered' THEN
        verdict := 'answered';
      ELSIF found_request.closed IS NOT NULL THEN
        verdict := 'closed';
      ELSIF found_request.holder = holder_id OR found_request.held_until < clock_timestamp() THEN
        UPDATE assay.requests r
          SET holder = holder_id, held_until = clock_timestamp() + make_interval(secs => o."heldSeconds")
          WHERE r.id = o.id;
        verdict := 'reserved';
      ELSE
        verdict := 'busy';
      END IF;
    ELSIF o.locked THEN
      verdict := 'reserved';
    ELSIF EXISTS (SELECT FROM assay.requests r WHERE r.payer = o.payer AND r.nonce = o.nonce AND NOT r.locked)
      OR EXISTS (SELECT FROM assay.foreign_nonces f WHERE f.payer = o.payer AND f.nonce = o.nonce) THEN
      verdict := 'nonce-used';
    ELSIF o.nonce >= tab.issued + nonce_window THEN
      verdict := 'nonce-too-high';
    ELSIF tab.funds - tab.promised < o.price THEN
      verdict := 'underfunded';
    ELSIF tab.stake < o.penalty THEN
      verdict := 'understaked';
    ELSIF tab.exit_at <> 0 AND o.deadline > tab.exit_at - o."exitMargin" THEN
      verdict := 'exiting';
    ELSE
      UPDATE assay.tabs t SET promised = t.promised + o.price, issued = t.issued + 1 WHERE t.payer = o.payer;
      verdict := 'reserved';
    END IF;
    IF verdict = 'reserved' AND found_request IS NULL THEN
      INSERT INTO assay.requests (id, payer, nonce, locked, model, deadline, request, signature, fields, salt, state,
        promise, holder, held_until)
      VALUES (o.id, o.payer, o.nonce, o.locked, o.model, o.deadline, o.request, o.signature, o.fields, o.salt, 'reserved',
        o.price, holder_id, clock_timestamp() + make_interval(secs => o."heldSeconds"))
      -- Two gateways may be given one locked request at once: it has no tab whose row decides.
      ON CONFLICT DO NOTHING;
      IF NOT FOUND THEN verdict := 'busy'; END IF;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;;
CREATE FUNCTION assay.journal(answers jsonb, holder_id text)
RETURNS TABLE (id text, verdict text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  a record;
  r record;
  journalled text[] := '{}';
  queue record;
BEGIN
  FOR a IN SELECT x.*, q.payer FROM jsonb_to_recordset(answers) AS x(id text, output text, charge numeric, attested jsonb)
    LEFT JOIN assay.requests q ON q.id = x.id ORDER BY q.payer, x.id
  LOOP
    id := a.id;
    -- The tab before the request, as everywhere.
    PERFORM FROM assay.tabs t WHERE t.payer = a.payer FOR UPDATE;
    SELECT * INTO r FROM assay.requests q WHERE q.id = a.id FOR UPDATE;
    IF NOT FOUND OR (r.state = 'reserved' AND r.holder IS DISTINCT FROM holder_id) THEN
      verdict := 'lost';
    ELSIF r.state = 'answered' THEN
      verdict := 'answered';
    ELSE
      UPDATE assay.requests q
        SET state = 'answered', output = a.output, charge = a.charge, attested = a.attested, promise = a.charge,
          answered_at = clock_timestamp(), holder = NULL, held_until = NULL
        WHERE q.id = a.id;
      IF NOT r.locked AND a.charge < r.promise THEN
        UPDATE assay.tabs t SET promised = t.promised - (r.promise - a.charge) WHERE t.payer = r.payer;
      END IF;
      journalled := journalled || a.id;
      verdict := 'journalled';
    END IF;
    RETURN NEXT;
  END LOOP;
  -- Each queue has a function that adds to it (jobs.ts): an answer and its job are written together or not at all.
  FOR queue IN SELECT q.model, json_agg(json_build_object('id', q.id, 'deadline', q.deadline)) AS jobs
    FROM assay.requests q WHERE q.id = ANY (journalled) GROUP BY q.model
  LOOP
    EXECUTE format('SELECT assay.%I($1)', 'add_' || substr(queue.model, 3, 40)) USING queue.jobs;
  END LOOP;
END $$;;
CREATE FUNCTION assay.abandon(ids jsonb, holder_id text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  q record;
  gone integer := 0;
BEGIN
  FOR q IN SELECT x.id, x.payer FROM assay.requests x WHERE x.id IN (SELECT jsonb_array_elements_text(ids))
    ORDER BY x.payer, x.id
  LOOP
    PERFORM FROM assay.tabs t WHERE t.payer = q.payer FOR UPDATE;
    WITH released AS (
      DELETE FROM assay.requests r
      WHERE r.id = q.id AND r.state = 'reserved' AND (r.holder = holder_id OR r.held_until < clock_timestamp())
        -- What was paid for on chain is kept until the chain says what became of it.
        AND NOT EXISTS (SELECT FROM assay.outcomes o WHERE o.request = r.id)
      RETURNING r.payer, r.promise, r.locked
    ), freed AS (
      UPDATE assay.tabs t SET promised = t.promised - d.promise, issued = t.issued - 1
      FROM released d WHERE t.payer = d.payer AND NOT d.locked
    )
    SELECT gone + count(*) INTO gone FROM released;
  END LOOP;
  RETURN gone;
END $$`;
