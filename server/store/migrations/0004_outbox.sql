-- The outbox as the source of the feed. Triggers write it, so that no statement can forget to.
--
-- Its order is (xact, id). `xact` is the transaction that made the change, and readers stop at the
-- oldest transaction that still runs: what commits later sorts after what they have read, so a
-- long transaction delays events and loses none. Two changes of one object are made one after the
-- other, under its row lock, but the transaction of the second may have begun first; `changed_in`
-- keeps, with the object, the place of its last change, and the next one never goes before it.

ALTER TABLE outbox
  ADD COLUMN xact bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  ADD COLUMN image_id uuid,  -- of a job: what it makes
  ADD COLUMN batch_id uuid,  -- of a job: what it was admitted with
  DROP CONSTRAINT outbox_pkey,
  ADD PRIMARY KEY (xact, id);
CREATE INDEX outbox_user ON outbox (user_id, xact, id);

-- How far the outbox was swept: changes up to here are removed. Always one row.
CREATE TABLE outbox_swept (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  xact bigint NOT NULL,
  id bigint NOT NULL
);
INSERT INTO outbox_swept (xact, id) VALUES (0, 0);

ALTER TABLE image_generation_jobs
  ADD COLUMN changed_in bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);
ALTER TABLE images
  ADD COLUMN changed_in bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);
ALTER TABLE batches
  ADD COLUMN changed_in bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);

-- Returns the place of a change in the outbox: not before the object's last one. A place that no
-- transaction of this server has had came with a dump of another one, and is ignored.
CREATE FUNCTION place_behind(last bigint) RETURNS bigint LANGUAGE sql VOLATILE RETURN
  greatest(
    pg_current_xact_id()::text::bigint,
    CASE WHEN last < pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN last END
  );

CREATE FUNCTION note_new_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status, image_id, batch_id)
  SELECT changed_in, user_id, 'job', id, status, image_id, batch_id FROM added;
  RETURN NULL;
END $$;

CREATE FUNCTION note_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed_in := place_behind(OLD.changed_in);
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status, image_id, batch_id)
  VALUES (NEW.changed_in, NEW.user_id, 'job', NEW.id, NEW.status, NEW.image_id, NEW.batch_id);
  RETURN NEW;
END $$;

CREATE FUNCTION note_image() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed_in := place_behind(OLD.changed_in);
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status)
  VALUES (
    NEW.changed_in, NEW.user_id, 'image', NEW.id,
    CASE WHEN NEW.deleted_at IS NULL THEN NEW.status ELSE 'deleted' END
  );
  RETURN NEW;
END $$;

-- Before the row is written, since it includes `changed_in`; its lock is held already.
CREATE TRIGGER new_jobs AFTER INSERT ON image_generation_jobs
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_new_jobs();
CREATE TRIGGER job_changed BEFORE UPDATE OF status ON image_generation_jobs
  FOR EACH ROW WHEN (NEW.status IS DISTINCT FROM OLD.status) EXECUTE FUNCTION note_job();
-- A new image's job has the event; a deleted image has no more events.
CREATE TRIGGER image_changed BEFORE UPDATE OF status, deleted_at ON images
  FOR EACH ROW WHEN (
    OLD.deleted_at IS NULL
    AND (NEW.status IS DISTINCT FROM OLD.status OR NEW.deleted_at IS NOT NULL)
  ) EXECUTE FUNCTION note_image();

-- A batch's status follows its jobs; batches are few, so the trigger checks every write.
CREATE FUNCTION note_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.status = OLD.status THEN
      RETURN NEW;
    END IF;
    NEW.changed_in := place_behind(OLD.changed_in);
  END IF;
  INSERT INTO outbox (xact, user_id, object_kind, object_id, status)
  VALUES (NEW.changed_in, NEW.user_id, 'batch', NEW.id, NEW.status);
  RETURN NEW;
END $$;
CREATE TRIGGER new_batch AFTER INSERT ON batches
  FOR EACH ROW EXECUTE FUNCTION note_batch();
CREATE TRIGGER batch_changed BEFORE UPDATE ON batches
  FOR EACH ROW EXECUTE FUNCTION note_batch();
