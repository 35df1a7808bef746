import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.picks import PickTable, match_picks, merge_picks

RADIUS = 5.0
statuses = st.sampled_from(("candidate", "accepted", "rejected"))


@st.composite
def tables(draw):
    places = draw(st.lists(st.tuples(*[st.integers(0, 20)] * 3), max_size=8))
    count = len(places)
    return PickTable.from_positions(
        np.array(places, dtype=float).reshape(-1, 3),
        draw(st.lists(st.one_of(st.just(np.nan), st.floats(0, 1)), min_size=count, max_size=count)),
        status=draw(st.lists(statuses, min_size=count, max_size=count)),
    )


def rows(table):
    return [tuple(row) for row in table.frame.drop(columns="id").fillna(-1).itertuples(index=False)]


@settings(max_examples=60, deadline=None)
@given(tables(), tables())
def test_every_pick_of_theirs_is_there_or_gave_way_to_a_decision(mine, theirs):
    merged = merge_picks(mine, theirs, RADIUS)
    assert merged.added + merged.replaced + merged.kept == len(theirs)
    assert len(merged.table) == len(mine) + merged.added
    decided = mine.with_status("accepted", "rejected")
    assert set(rows(decided)) <= set(rows(merged.table))
    # One to one: as many are left out as can be paired with a decision, or are the same.
    missing = [row for row in rows(theirs) if row not in rows(merged.table)]
    places = np.array([row[:3] for row in missing], dtype=float).reshape(-1, 3)
    assert len(match_picks(places, decided.positions, RADIUS).pairs) == len(missing)


@settings(max_examples=60, deadline=None)
@given(tables(), tables())
def test_ids_of_mine_stay_and_are_not_used_again(mine, theirs):
    table = merge_picks(mine, theirs, RADIUS).table
    assert table.ids[: len(mine)].tolist() == mine.ids.tolist()
    assert len(set(table.ids)) == len(table)
    assert table.next_id > table.ids.max(initial=-1)


@settings(max_examples=30, deadline=None)
@given(tables(), tables())
def test_the_same_file_a_second_time_changes_nothing(mine, theirs):
    once = merge_picks(mine, theirs, 0.0).table
    again = merge_picks(once, theirs, 0.0)
    assert again.table == once
    assert again.kept == len(theirs)


def test_an_undecided_pick_becomes_what_theirs_is_and_a_decision_stays():
    mine = PickTable.from_positions([(0, 0, 0), (100, 0, 0)], [0.1, 0.2])
    mine = mine.set_status(1, "rejected")
    theirs = PickTable.from_positions(
        [(0, 0, 3), (100, 0, 3), (50, 0, 0)], origin="user", status="accepted", note="theirs"
    )
    merged = merge_picks(mine, theirs, RADIUS)
    assert (merged.added, merged.replaced, merged.kept) == (1, 1, 1)
    frame = merged.table.frame
    assert frame["id"].tolist() == [0, 1, 2]
    assert frame["x"].tolist() == [3, 0, 0]
    assert frame["status"].tolist() == ["accepted", "rejected", "accepted"]
    assert frame["note"].tolist() == ["theirs", "", "theirs"]
    assert np.isnan(merged.table.scores[0])
    assert merged.table.scores[1] == 0.2


def test_two_of_theirs_near_one_of_mine_are_two_motors():
    mine = PickTable.from_positions([(0, 0, 0)], status="accepted")
    theirs = PickTable.from_positions([(0, 0, 1), (0, 0, 4)], status="accepted")
    merged = merge_picks(mine, theirs, RADIUS)
    assert (merged.added, merged.kept) == (1, 1)
    assert merged.table.positions.tolist() == [[0, 0, 0], [0, 0, 4]]
