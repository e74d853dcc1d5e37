#include "alert/goal.hpp"

#include "support/catch.hpp"

using alert::AccuracyWindow;
using alert::shared_deadline_s;

TEST_CASE("inputs of a group share what is left of its deadline") {
  CHECK(shared_deadline_s(0.9, 0.0, 3) == Approx(0.3));
  CHECK(shared_deadline_s(0.9, 0.5, 2) == Approx(0.2));
  CHECK(shared_deadline_s(0.9, 0.8, 1) == Approx(0.1));
}

TEST_CASE("a group that is late has no time left, not a negative one") {
  CHECK(shared_deadline_s(0.9, 1.0, 2) == 0.0);
}

TEST_CASE("accuracy window: the next goal makes up for the last N-1 inputs") {
  AccuracyWindow window(3);
  CHECK(window.next_goal(0.8) == 0.8);
  window.credit(0.9);
  CHECK(window.next_goal(0.8) == 0.8);  // two inputs are needed to fill the window
  window.credit(0.6);
  CHECK(window.next_goal(0.8) == Approx(3 * 0.8 - 0.9 - 0.6));
  window.credit(0.85);  // 0.9 leaves the window
  CHECK(window.next_goal(0.8) == Approx(3 * 0.8 - 0.6 - 0.85));
}

TEST_CASE("accuracy window: the goal stays in [0, 1]") {
  AccuracyWindow behind(2);
  behind.credit(0.1);
  CHECK(behind.next_goal(0.8) == 1.0);
  AccuracyWindow ahead(2);
  ahead.credit(1.0);
  CHECK(ahead.next_goal(0.4) == 0.0);
}

TEST_CASE("accuracy window of one input is the goal itself") {
  AccuracyWindow window(1);
  window.credit(0.1);
  CHECK(window.next_goal(0.8) == 0.8);
}
