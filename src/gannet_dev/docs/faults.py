"""The page docs/results/faults.md: injected faults, what Gannet does, and the tests with their recorded results.

``gannet_dev/keep_faults.py`` records results of tests in benchmarks/results/faults.json.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path

NOTICE = (
    "<!-- Made by `make docs` from the rows in src/gannet_dev/docs/faults.py and recorded results. Do not edit. -->"
)
RECORD = "faults.json"


@dataclass(frozen=True)
class Row:
    """One kind of fault."""

    fault: str
    answer: str
    """What Gannet does."""
    tests: tuple[str, ...] = ()
    """``FILE::FUNCTION``, below tests/; a file without its folder is in end_to_end."""
    untested: str = ""
    """Why there is no test, or what the tests leave out."""

    @property
    def names(self) -> tuple[str, ...]:
        """The tests with the folder of their file."""
        return tuple(name if "/" in name else f"end_to_end/{name}" for name in self.tests)


LOST, SAME, FAIL = "test_nothing_is_lost.py::", "test_same_run.py::", "test_failures.py::"
ATTACK, SERVER = "unit/test_dashboard_attacks.py::", "unit/test_dashboard_server.py::"
WRITER, IMAGES, TRAIN = "unit/test_runs_writer.py::", "unit/test_data_folder.py::", "test_train.py::"
PLACES, UNLISTED = "test_permissions.py::", "test_odd_places.py::"
OUTPUT = "test_odd_output.py::"
OWN = "test_own_code_and_measuring.py::"
LAYOUTS = "unit/test_data_hostile_layouts.py::"
ODD, DATA = "test_odd_machines.py::", "unit/test_data_hostile.py::"
SHARDS, FILES = "unit/test_hostile_shards.py::", "unit/test_hostile_run_files.py::"
CONTROL, SCHEDULERS, HOSTILE = "unit/test_training_control.py::", "test_schedulers.py::", "test_hostile_runs.py::"

ROWS: dict[str, tuple[Row, ...]] = {
    "1. Killed at random": (
        Row("SIGKILL while training", "resume is equal bit for bit", (TRAIN + "test_a_killed_run_resumes_exactly",)),
        Row(
            "every recipe, interrupted at step 0, at the end of an epoch, at the last step, in a save, after a live "
            "edit, after a fork",
            "resume is equal bit for bit",
            ("test_every_recipe_resumes.py::test_a_recipe_resumes_to_the_bit",),
        ),
        Row(
            "code of the user that draws from the generators of torch, numpy and Python",
            "resume is equal bit for bit",
            (OWN + "test_code_that_draws_from_the_generators_of_numpy_and_python_resumes_to_the_bit",),
        ),
        Row("many random kills with commands and the live view", "equal bit for bit", (), "`make soak`, see above"),
    ),
    "2. Killed between file operations": (
        Row(
            "ckpt-chaos: killed before each file operation, and with half-written files",
            "the same command continues to the same bits from the newest complete checkpoint",
            ("test_crash_points.py::test_every_crash_point_is_survived",),
        ),
    ),
    "3. Damaged checkpoint": (
        Row("bytes flipped", "falls back loudly", (TRAIN + "test_a_damaged_checkpoint_falls_back_loudly",)),
        Row(
            "the manifest is empty, leaves files out or names files outside",
            "falls back loudly",
            (SAME + "test_a_checkpoint_that_is_not_whole_is_passed_over_loudly",),
        ),
    ),
    "4. Odd checkpoint folders": (
        Row(
            "a link to another place, a renamed folder, no manifest",
            "falls back loudly",
            (SAME + "test_a_checkpoint_that_is_not_whole_is_passed_over_loudly",),
        ),
    ),
    "5. No space for a checkpoint": (
        Row(
            "a real small disk without space or inodes, freed later",
            "training continues, warns, and saves when due again",
            ("test_full_disks.py::test_training_continues_on_a_full_disk_and_saves_again",),
        ),
        Row(
            "the same, never freed",
            "the end names the step that is saved; exit status 4",
            (
                "test_full_disks.py::test_a_disk_that_stays_full_is_said_with_the_step_that_is_saved",
                LOST + "test_a_full_disk_is_said_at_the_end",
            ),
        ),
        Row(
            "too little room for the run",
            "refused before anything is made",
            ("test_full_disks.py::test_a_disk_without_room_is_refused_before_anything_is_made",),
        ),
    ),
    "6. No space for events": (
        Row(
            "events or frames cannot be written",
            "one warning, training continues",
            (
                WRITER + "test_a_full_disk_never_stops_training",
                WRITER + "test_a_frame_that_cannot_be_written_is_counted",
            ),
        ),
        Row(
            "a torn line",
            "passed over",
            (WRITER + "test_torn_and_garbled_lines_are_passed_over_and_writing_continues",),
        ),
    ),
    "7. No permission": (
        Row(
            "a place that cannot be written",
            "one sentence, nothing is left",
            (
                "unit/test_files.py::test_a_place_that_takes_no_file_is_one_sentence",
                WRITER + "test_a_failed_create_leaves_nothing",
                PLACES + "test_a_place_without_permission_is_one_sentence",
                PLACES + "test_a_run_that_cannot_be_written",
            ),
        ),
        Row(
            "a run, its record, events or checkpoints that cannot be read",
            "one sentence; other runs are shown; a run does not start again",
            (
                PLACES + "test_a_run_that_cannot_be_read",
                PLACES + "test_a_run_whose_checkpoints_cannot_be_listed_does_not_start_again",
                PLACES + "test_a_checkpoint_of_a_run_that_cannot_be_searched_is_not_taken_for_data",
            ),
        ),
        Row(
            "a run that may not be searched for a while, as it trains",
            "warns, and trains on",
            (PLACES + "test_a_run_that_may_not_be_searched_for_a_while_trains_on",),
        ),
    ),
    "8. Signals and lost terminals": (
        Row(
            "SIGTERM, SIGHUP",
            "a checkpoint of that step; 128 + signal",
            (LOST + "test_signals_stop_with_a_checkpoint",),
        ),
        Row(
            "SIGTERM or SIGKILL in a measurement",
            "ends it early; the next session measures the step again",
            (OWN + "test_an_end_within_a_measurement_is_early_and_leaves_no_gap",),
        ),
        Row(
            "SIGUSR1, SIGUSR2, SIGXCPU, which batch systems send",
            "a checkpoint of that step; 128 + signal",
            (UNLISTED + "test_what_batch_systems_send_stops_with_a_checkpoint",),
        ),
        Row(
            "stdin, stdout or stderr closed from the beginning (`2>&-`)",
            "trains",
            (LOST + "test_a_stream_that_is_closed_from_the_beginning_changes_nothing",),
        ),
        Row(
            "the reader of stderr or the terminal goes away",
            "stops with a checkpoint, as for SIGHUP",
            (
                LOST + "test_a_reader_that_goes_away_stops_training_with_a_checkpoint",
                LOST + "test_nohup_trains_on_without_a_reader",
            ),
        ),
        Row(
            "output that nobody reads",
            "the exit status stays",
            (LOST + "test_output_that_nobody_reads_does_not_change_the_exit_status",),
        ),
        Row(
            "standard output on a full disk, every verb",
            "one sentence, status 2; a training ends with its checkpoint, status 0",
            (
                OUTPUT + "test_output_on_a_full_disk_is_one_sentence",
                OUTPUT + "test_training_on_full_output_ends_with_its_checkpoint",
            ),
        ),
        Row(
            "Ctrl-C, SIGTERM or SIGHUP before any other verb has named what it wrote",
            "one sentence, 128 + signal; nothing half-written is left; a comparison continues",
            (
                "test_interrupted_verbs.py::test_a_verb_that_is_interrupted_leaves_nothing_half_written",
                "test_interrupted_verbs.py::test_a_comparison_that_is_interrupted_continues",
                "unit/test_closing_lines.py::test_every_signal_is_one_sentence_and_its_exit_status",
            ),
        ),
        Row(
            "a signal while paused",
            "stops with a checkpoint",
            ("test_control.py::test_a_paused_run_hears_signals_and_burns_no_processor",),
        ),
    ),
    "9. Ctrl-C": (
        Row(
            "SIGINT once, twice, three times within one step",
            "a checkpoint after the step; the same; an immediate end. No traceback, nothing half-written",
            (ODD + "test_ctrl_c_once_twice_three_times",),
        ),
    ),
    "10. Values that are not finite": (
        Row(
            "in a loss or gradient",
            "stops before the update; exit status 3",
            (TRAIN + "test_the_guard_stops_with_status_3",),
        ),
        Row(
            "the same",
            "state before the turn, batch position and seed are kept; a fork repeats it or tries a remedy",
            (FAIL + "test_values_that_are_not_finite_leave_what_repeats_them",),
        ),
    ),
    "11. Overflow under a gradient scaler": (Row("", "", (), "Gannet uses bf16 without a scaler"),),
    "12. Parameters that are not finite": (
        Row(
            "when a checkpoint is due",
            "not saved; a checkpoint with them is refused",
            (
                FAIL + "test_a_parameter_that_is_not_finite_is_not_saved",
                SAME + "test_tensors_that_do_not_fit_are_refused",
            ),
        ),
    ),
    "13. Damaged images": (
        Row(
            "truncated, empty, text, bomb, links, folders, no permission",
            "the file is named; nothing is left",
            (
                IMAGES + "test_a_bad_image_is_named_and_nothing_is_left",
                IMAGES + "test_odd_files_are_named",
                IMAGES + "test_a_decompression_bomb_is_refused",
                PLACES + "test_permission_is_named",
            ),
        ),
    ),
    "14. Changed data": (
        Row(
            "before a resume or a measurement",
            "refused for training, a warning on every card",
            (
                "test_moved_data.py::test_other_data_at_the_new_place_are_refused_for_training_and_reported_by_measure",
                "test_moved_data.py::test_one_more_image_is_said_on_every_card",
            ),
        ),
    ),
    "15. Loader processes": (Row("killed, raising, hanging", "", (), "Gannet loads data in the training process"),),
    "16. Another run under the same name": (
        Row(
            "run.json edited",
            "refused with the key and both values",
            (
                SAME + "test_an_edited_record_is_refused_by_name",
                SAME + "test_every_reader_notices_an_edited_record",
            ),
        ),
        Row(
            "the recipe file edited",
            "refused; a fork accepts it",
            (SAME + "test_an_edited_recipe_file_is_refused_and_forks",),
        ),
        Row(
            "other settings with --resume",
            "refused with the differences",
            (SCHEDULERS + "test_a_run_with_other_settings_is_refused_with_the_differences",),
        ),
    ),
    "17. Another machine or version": (
        Row("another version of Gannet", "a warning, and an event", (SAME + "test_another_version_of_gannet_is_said",)),
    ),
    "18. Observing": (
        Row(
            "frames, measuring and health on or off",
            "the same bits",
            (TRAIN + "test_measuring_and_pictures_do_not_change_training",),
        ),
    ),
    "19. Resumed twice, finished": (
        Row("a finished run", "says so", (TRAIN + "test_a_finished_run_says_so",)),
        Row(
            "a resume with more steps",
            "the new total is shown and continued to",
            (SAME + "test_more_steps_are_the_total_from_then_on",),
        ),
    ),
    "20. Versions of the format": (
        Row(
            "runs of version 1",
            "read, resumed, measured",
            ("unit/test_runs_version_1.py::test_it_is_resumed_and_repeated",),
        ),
        Row(
            "checkpoints without provenance",
            "resumed, with a sentence",
            (SAME + "test_checkpoints_of_earlier_versions_resume_and_say_so",),
        ),
        Row("a newer version", "refused", ("unit/test_runs_reader.py::test_reader_refuses_what_is_not_a_run",)),
    ),
    "21. Hostile runs and files": (
        Row(
            "a record, recipe or journal that names code",
            "nothing is imported",
            (
                HOSTILE + "test_what_a_record_names_is_not_imported",
                HOSTILE + "test_what_a_journal_names_is_not_imported",
                HOSTILE + "test_the_live_views_probes_import_nothing",
            ),
        ),
        Row(
            "code in a file of weights",
            "not executed",
            ("unit/test_metrics_user_weights.py::test_code_in_the_file_is_not_run",),
        ),
    ),
    "22. Tensors and records that do not fit": (
        Row(
            "other shapes, types, names",
            "refused",
            (
                TRAIN + "test_a_checkpoint_of_other_networks_is_refused",
                SAME + "test_tensors_that_do_not_fit_are_refused",
            ),
        ),
        Row("run.json without settings or data", "one sentence", (SAME + "test_a_record_without_a_part_is_refused",)),
    ),
    "23. Wrong Inception file": (
        Row(
            "another hash", "refused", ("unit/test_metrics_user_weights.py::test_another_file_is_refused_by_its_hash",)
        ),
    ),
    "24. Two writers, moved folders": (
        Row(
            "two processes",
            "the second is refused with pid and host",
            ("unit/test_runs_processes.py::test_one_writer_and_the_second_hears_who_the_first_is",),
        ),
        Row(
            "the folder is renamed while training",
            "followed; the same bits; no folder at the old name",
            ("test_moved_runs.py::test_a_renamed_run_is_followed",),
        ),
        Row(
            "the folder is deleted while training",
            "training stops with a sentence; exit status 4",
            (
                "test_moved_runs.py::test_a_deleted_run_stops_training_and_is_not_made_again",
                "test_moved_runs.py::test_a_run_that_is_deleted_in_part_stops_training",
            ),
        ),
        Row(
            "its lock is deleted while it trains",
            "still one writer",
            (UNLISTED + "test_a_run_has_one_writer_if_its_lock_is_deleted",),
        ),
        Row(
            "its events are deleted while it trains",
            "a warning; they begin again, with the journal",
            (
                UNLISTED + "test_deleted_records_begin_again",
                UNLISTED + "test_a_journal_survives_the_deletion_of_its_file",
            ),
        ),
        Row(
            "a file where a folder belongs, a pipe where a file belongs, while it trains",
            "trains on; one sentence",
            (
                UNLISTED + "test_a_file_where_a_folder_belongs_is_one_sentence",
                UNLISTED + "test_a_checkpoint_that_becomes_a_pipe_is_not_waited_for",
            ),
        ),
        Row(
            "its checkpoints are deleted",
            "written again",
            ("test_moved_runs.py::test_deleted_checkpoints_are_written_again",),
        ),
        Row(
            "copied while training",
            "the copy resumes",
            ("test_moved_runs.py::test_a_run_copied_while_it_trains_resumes",),
        ),
        Row(
            "what a dead process left",
            "removed by the next session or `gannet clean`",
            (
                SCHEDULERS + "test_the_next_session_removes_what_dead_processes_left_of_this_run",
                SCHEDULERS + "test_clean_removes_only_what_was_never_finished",
            ),
        ),
    ),
    "25. Wrong keys": (
        Row(
            "unknown, wrong type, out of range",
            "all mistakes at once; nothing is created",
            (
                "test_errors.py::test_mistake",
                "test_errors.py::test_several_mistakes_are_reported_together",
            ),
        ),
    ),
    "26. Paths of the live view": (
        Row(
            "traversal, links out of the run, odd numbers",
            "4xx",
            (
                SERVER + "test_only_listed_files_are_served",
                ATTACK + "test_a_link_that_leads_out_of_the_run_is_not_served",
                ATTACK + "test_odd_numbers_are_never_a_fault_of_the_server",
            ),
        ),
    ),
    "27. Strangers at the live view": (
        Row(
            "no token, other host, other origin, other method",
            "refused",
            (
                SERVER + "test_without_the_token_nothing_is_said",
                SERVER + "test_a_strange_host_is_refused_before_anything_else",
                SERVER + "test_two_hosts_are_refused",
                SERVER + "test_a_post_from_another_page_is_refused",
                SERVER + "test_other_methods_are_refused",
            ),
        ),
    ),
    "28. Port taken": (
        Row("", "a free one is used", (SERVER + "test_a_taken_port_is_left_for_a_free_one_unless_it_was_asked_for",)),
    ),
    "29. Load on the live view": (
        Row(
            "half-open requests, odd bodies, many streams",
            "the owner is served",
            (
                ATTACK + "test_half_open_requests_do_not_lock_the_owner_out",
                ATTACK + "test_a_request_that_does_not_arrive_in_time_is_dropped",
                ATTACK + "test_odd_bodies_are_bad_requests",
                "unit/test_dashboard_stream.py::test_streams_are_bounded_and_end_with_the_server",
            ),
        ),
        Row("a damaged run", "is a row that says so", (ATTACK + "test_a_damaged_run_is_a_row",)),
    ),
    "30. Commands and their journal": (
        Row(
            "torn, late, refused, not recordable",
            "answered in the journal or not applied",
            (
                CONTROL + "test_torn_and_late_commands_are_refused",
                CONTROL + "test_a_command_that_cannot_be_written_down_is_not_carried_out",
                "test_control.py::test_a_kill_between_a_command_and_its_answer",
            ),
        ),
        Row(
            "the journal damaged or gone",
            "refused",
            (
                SAME + "test_a_damaged_journal_is_refused",
                SAME + "test_a_lost_journal_is_refused",
                SAME + "test_an_edit_after_the_checkpoint_is_checked_too",
            ),
        ),
    ),
    "31. The clock": (
        Row(
            "1970, back and forth by a day, 2100",
            "events stay in order, no time is negative",
            (ODD + "test_an_odd_clock_changes_no_order_and_gives_no_negative_time",),
        ),
    ),
    "32. Out of memory": (
        Row("while measuring", "a warning; the same bits", (FAIL + "test_an_exception_while_measuring_is_a_warning",)),
        Row(
            "in a turn",
            "the state is saved; one sentence names what to lower; exit status 5",
            (
                FAIL + "test_out_of_memory_is_one_sentence_that_says_what_to_lower",
                FAIL + "test_a_failed_turn_continues_to_the_bit",
            ),
        ),
        Row(
            "in the first step",
            "refused before anything is made",
            (FAIL + "test_too_little_memory_for_the_first_step_leaves_nothing",),
        ),
        Row(
            "in the update itself",
            "not saved; the newest checkpoint is named",
            (FAIL + "test_an_update_that_failed_half_way_is_not_saved",),
        ),
    ),
    "33. SIGSTOP": (Row("a process that is stopped", "continues", (ODD + "test_a_stopped_machine_continues",)),),
    "34. Exceptions of user code": (
        Row(
            "each type, after one step and after 51",
            "nothing is deleted; the state is saved",
            (
                LOST + "test_an_exception_in_a_turn_deletes_nothing",
                LOST + "test_a_failing_fork_keeps_what_it_trained",
            ),
        ),
    ),
    "35. Interrupted while averages are exchanged": (
        Row("", "", (), "the EMA is a separate copy; nothing is exchanged"),
    ),
    "36. Interrupted exports": (
        Row(
            "an animation that fails",
            "the old file stays",
            ("unit/test_figures_animation.py::test_a_failure_leaves_the_old_file_and_nothing_else",),
        ),
    ),
    "37. Odd paths": (
        Row(
            "--out is a link, a mount that becomes read-only, the working folder, a link to nowhere",
            "trains in it; a link to nowhere is named",
            (
                UNLISTED + "test_a_link_to_an_empty_folder_is_a_run_directory",
                UNLISTED + "test_a_link_that_did_not_train_is_left_as_it_was",
                UNLISTED + "test_a_mount_is_a_run_directory",
                UNLISTED + "test_the_working_folder_is_a_run_directory",
                UNLISTED + "test_a_link_to_nowhere_is_named",
            ),
        ),
        Row(
            "a run and classes whose names are not UTF-8",
            "work, in every verb",
            (
                OUTPUT + "test_a_run_whose_name_is_not_utf8_is_read_again",
                OUTPUT + "test_classes_whose_names_are_not_utf8_are_prepared",
            ),
        ),
        Row(
            "`LC_ALL=C PYTHONUTF8=0` with names that are not ASCII",
            "work, and are shown as they are",
            (OUTPUT + "test_names_that_the_locale_cannot_show_are_shown_as_they_are",),
        ),
        Row("spaces, unicode", "work", (WRITER + "test_round_trip_with_a_space_and_unicode_in_the_path",)),
    ),
    "38. KeyboardInterrupt in a turn": (
        Row(
            "raised by code, not by a signal",
            "the state is saved; exit status 130",
            (LOST + "test_an_exception_in_a_turn_deletes_nothing",),
        ),
    ),
    "39. Small and odd data": (
        Row(
            "fewer samples than a batch, equal images, rectangles",
            "train, or one sentence",
            (
                "contracts/test_small_and_odd_data.py::test_few_points_train",
                "contracts/test_small_and_odd_data.py::test_few_images_train",
                "test_small_data.py::test_what_cannot_train_is_one_sentence_and_leaves_nothing",
            ),
        ),
    ),
    "40. Start methods and workers": (Row("", "", (), "Gannet loads data in the training process"),),
    "Cache": (
        Row(
            "a table cut, flipped, deleted",
            "made again",
            ("unit/test_data_cache.py::test_a_damaged_table_is_made_again",),
        ),
        Row(
            "a table cut short while it is used",
            "small ones are in memory; a large one ends the training with a sentence and a checkpoint, not with SIGBUS",
            ("unit/test_data_cache.py::test_a_table_that_is_cut_short_while_it_is_used_does_not_end_the_process",),
        ),
    ),
    "Hostile data": (
        Row(
            "IDX, NPZ, tar, CSV, JSON and Parquet that announce terabytes, or are not what they are called",
            "refused before memory is reserved",
            (DATA + "test_headers_that_lie_are_refused_before_memory_is_reserved",),
        ),
        Row(
            "bombs, pipes and devices",
            "refused",
            (DATA + "test_bombs_are_refused", DATA + "test_pipes_and_devices_are_not_opened"),
        ),
        Row(
            "shards whose manifest or index announces what is not there; pipes",
            "refused",
            (
                SHARDS + "test_a_manifest_that_lies_is_refused",
                SHARDS + "test_an_index_that_lies_is_refused",
                SHARDS + "test_a_class_of_shards_without_classes_is_refused",
                SHARDS + "test_a_pipe_is_not_waited_for",
                SHARDS + "test_a_tar_file_that_cannot_be_read_is_named",
                SHARDS + "test_prepare_does_not_keep_a_shard_with_other_images",
            ),
        ),
        Row(
            "random bytes in every kind of file of data",
            "data, or one sentence",
            (
                DATA + "test_damaged_files_are_data_or_one_sentence",
                DATA + "test_many_damaged_files_are_data_or_one_sentence",
                SHARDS + "test_damaged_shards_are_data_or_one_sentence",
                SHARDS + "test_many_damaged_shards_are_data_or_one_sentence",
                LAYOUTS + "test_damaged_layouts_are_data_or_one_sentence",
                LAYOUTS + "test_many_damaged_layouts_are_data_or_one_sentence",
            ),
        ),
        Row(
            "a table of images that names pipes and devices",
            "refused",
            (LAYOUTS + "test_a_table_of_images_that_names_a_pipe_or_device_does_not_wait",),
        ),
        Row(
            "a function that opens files, without a target of `make fuzz`",
            "a test fails",
            ("unit/test_every_reader_is_fuzzed.py::test_every_function_that_opens_a_file_is_fuzzed",),
        ),
        Row(
            "an image for `apply` or `invert`",
            "pipes and devices are not opened",
            ("unit/test_apply.py::test_pipes_devices_and_folders_are_named",),
        ),
    ),
    "Hostile files of a run": (
        Row(
            "a pipe instead of a file",
            "not waited for",
            (
                FILES + "test_a_pipe_is_not_waited_for",
                "unit/test_runs_commands.py::test_a_pipe_or_a_link_is_not_a_command",
            ),
        ),
        Row(
            "links of a run to files and folders of the user",
            "refused before anything is written or deleted",
            (HOSTILE + "test_links_of_a_run_do_not_make_a_command_write_elsewhere",),
        ),
        Row("a frame that is a bomb", "not unpacked", (FILES + "test_a_frame_that_is_a_bomb_is_not_unpacked",)),
        Row(
            "a damaged compare.json or label.json",
            "does not hide the runs of the live view; one sentence for the command",
            (
                FILES + "test_a_damaged_document_does_not_hide_the_runs",
                FILES + "test_a_comparison_that_nothing_wrote_is_one_sentence",
            ),
        ),
        Row(
            "counts in state.json that no training has, with hashes that fit",
            "falls back loudly",
            (FILES + "test_a_state_that_no_training_has_is_passed_over",),
        ),
        Row(
            "random bytes in every kind of file of a run",
            "read, or one sentence",
            (
                FILES + "test_damaged_files_of_a_run_are_read_or_one_sentence",
                FILES + "test_many_damaged_files_of_a_run_are_read_or_one_sentence",
            ),
        ),
        Row(
            "control characters in names, titles, messages and records: colours, cursor, titles, bidirectional text",
            "written as escapes on a real terminal and in files; only what rich adds controls the terminal",
            (
                FILES + "test_output_cannot_control_the_terminal",
                FILES + "test_only_colours_of_rich_reach_the_terminal",
                "test_terminal_output.py::test_output_cannot_control_the_terminal",
                "test_terminal_output.py::test_a_file_gets_no_escape_sequence",
                "test_terminal_output.py::test_fields_of_a_record_are_text",
                HOSTILE + "test_a_class_name_cannot_control_the_terminal",
            ),
        ),
    ),
    "Reports": (
        Row(
            "markup in names, events, recipes",
            "escaped",
            ("unit/test_runs_report.py::test_what_a_run_says_is_text_and_never_markup",),
        ),
    ),
    "Environment": (
        Row(
            "no HOME, no TMPDIR, 40 descriptors; only LC_ALL=C",
            "train and measure",
            (ODD + "test_a_bare_environment_trains", ODD + "test_a_bare_environment_from_the_first_byte"),
        ),
        Row("memory limits below what torch needs", "", (), "torch fails at import, before Gannet runs"),
    ),
}
"""Title of a group -> its rows. Groups 1 to 40 are the fault matrix; the others were injected by hand in addition."""


def fault_page(folder: Path) -> str:
    """The page."""
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    results: dict[str, dict[str, int]] = record["tests"]
    rows = [row for group in ROWS.values() for row in group]
    tested = [row for row in rows if row.tests]
    recorded = [row for row in tested if all(results.get(name, {}).get("passed") for name in row.names)]
    lines = [
        NOTICE,
        "# Faults",
        f"{len(rows)} kinds of faults in {len(ROWS)} groups. {len(tested)} have automated tests; all tests of "
        f"{len(recorded)} passed in the recorded runs. For the others the table gives the reason. `make test` runs a "
        f"few cases of each test, `make test-faults` all of them.",
        record["text"],
        "| fault | what Gannet does | tests: passed of recorded cases |\n|---|---|---|",
    ]
    table = []
    for title, group in ROWS.items():
        table.append(f"| **{title}** | | |")
        table += [f"| {row.fault} | {row.answer} | {_tests_of(row, results)} |" for row in group]
    lines[-1] += "\n" + "\n".join(table)
    return "\n\n".join([*lines, *_fuzzed(record["fuzzed"])]) + "\n"


def _fuzzed(readers: dict[str, dict[str, float]]) -> list[str]:
    """What `make fuzz` tried, by reader."""
    minutes = sum(row["seconds"] for row in readers.values()) / 60
    rows = [
        f"| {name} | {row['inputs']:,.0f} | {row['seconds']:.0f} | {row['findings']:.0f} |"
        for name, row in readers.items()
    ]
    return [
        "## Fuzzing",
        f"`make fuzz` (atheris, coverage-guided): {minutes:.0f} minutes of processor time for {len(readers)} readers.",
        "\n".join(["| reader | inputs | seconds | findings |", "| --- | --- | --- | --- |", *rows]),
    ]


def _tests_of(row: Row, results: dict[str, dict[str, int]]) -> str:
    said = []
    for name in row.names:
        file, _, function = name.partition("::")
        found = results.get(name)
        count = "not recorded yet" if found is None else f"{found['passed']} of {sum(found.values())}"
        said.append(f"[`{function}`](../../tests/{file}): {count}")
    return "; ".join([*said, *([row.untested] if row.untested else [])])


def missing_tests(tests: Path) -> list[str]:
    """Names of tests in the rows that do not exist."""
    wanted = {name for group in ROWS.values() for row in group for name in row.names}
    functions = {
        file: {
            node.name
            for node in ast.parse((tests / file).read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef)
        }
        for file in {name.partition("::")[0] for name in wanted}
    }
    return sorted(name for name in wanted if name.partition("::")[2] not in functions[name.partition("::")[0]])
